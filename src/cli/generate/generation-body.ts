import { generationRequest } from '../../generation/request/generation.ts';
import { commandBody } from '../controls/command-fields.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The body that a client would send to POST /v1/generations for the same picture: it goes through the same checks. `options` are
 * those of the command, as commander names them; absent ones are left to the model's defaults, and an absent model to the server.
 */
export function generationBody(
  prompt: string,
  model: string | undefined,
  options: object,
  controls: readonly Fields[],
  format: string,
): Fields {
  return { ...present({ model, prompt, controls }), ...commandBody(generationRequest, options, format) };
}

function present(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
