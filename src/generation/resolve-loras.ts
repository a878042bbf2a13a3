import { ArmatureError } from '../errors.ts';
import { type ModelList, refuseOtherKinds } from './models/model-list.ts';
import { limits } from './request/limits.ts';
import { findLora, loraMisfit, loraNoun } from './models/lora.ts';
import type { BaseModel } from './models/base.ts';
import type { LoraModel } from './models/lora.ts';
import type { PlannedLora } from './plan.ts';
import type { LoraRequest } from './request/loras.ts';

/** A LoRA and, where it is not an entry of `loras`, the field that asks for it. */
export type NamedLora = LoraRequest & { readonly field?: string };

export interface ResolvedLoras {
  readonly planned: readonly PlannedLora[];
  readonly warnings: readonly string[];
}

/**
 * Settles the LoRAs of a request, in its order; one that does not fit `later`, the model of a second pass, does not act there. `unknown_model` for an id that is none, `incompatible_lora` for one whose header says that
 * it was trained for another family than `base`, `invalid_request` for one that is named twice, and for more than there may be.
 */
export function resolveLoras(
  requests: readonly NamedLora[],
  base: BaseModel,
  models: ModelList,
  later: BaseModel,
): ResolvedLoras {
  if (requests.length > limits.loras) throw tooManyLoras(requests.length, requests.at(-1)?.field ?? 'loras');
  const named = new Map<string, string>();
  const warnings: string[] = [];
  const planned = requests.map(({ model: id, scale, text_encoder_scale: textEncoderScale = scale, ...from }, index) => {
    const place = from.field ?? `loras[${index}]`;
    const field = from.field ?? `${place}.model`;
    const model = fittingLora(id, base, models, field);
    const first = named.get(id);
    if (first !== undefined) throw twice(id, first, field);
    named.set(id, place);
    const lora = { model: { id, hash: model.hash }, scale, textEncoderScale };
    const misfit = loraMisfit(later, model);
    if (misfit === null) return lora;
    warnings.push(`${place} acts in the first pass alone: ${misfit}`);
    return { ...lora, passes: 'low' as const };
  });
  return { planned, warnings };
}

function fittingLora(id: string, base: BaseModel, models: ModelList, field: string): LoraModel {
  refuseOtherKinds(loraNoun, id, models, field);
  const model = findLora(models, id, field);
  const misfit = loraMisfit(base, model);
  if (misfit === null) return model;
  const choices = fittingLoras(base, models);
  const basesThatFit = models.bases.filter((other) => loraMisfit(other, model) === null).map((other) => other.id);
  const hint =
    basesThatFit.length === 0
      ? 'No base model that is here fits it.'
      : `It fits ${basesThatFit.slice(0, mostNamed).join(', ')}.`;
  throw new ArmatureError('incompatible_lora', `${misfit} ${hint}`, { field, choices });
}

/** Ids of the LoRAs that nothing known speaks against. */
export function fittingLoras(base: BaseModel, { loras }: ModelList): readonly string[] {
  return loras.filter((lora) => loraMisfit(base, lora) === null).map(({ id }) => id);
}

/** Base models that a message names. */
const mostNamed = 5;

function twice(id: string, first: string, field: string): ArmatureError {
  const already = first === field ? `twice in ${field}` : `in ${first} already`;
  const detail = `Expected each LoRA once but received ${id} ${already}: write one scale for both.`;
  return new ArmatureError('invalid_request', detail, { field });
}

/** The error for more LoRAs than a request may name; `field` asks for the last of them. */
export function tooManyLoras(count: number, field: string): ArmatureError {
  const detail = `Expected at most ${limits.loras} LoRAs, those of the prompt among them, but received ${count}.`;
  return new ArmatureError('invalid_request', detail, { field });
}
