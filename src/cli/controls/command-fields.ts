import { Option } from 'commander';
import { z } from 'zod';
import { loraRequest } from '../../generation/request/loras.ts';
import { pictureReference } from '../../generation/request/pictures.ts';
import { bare, fieldOptions } from '../../generation/request/request-fields.ts';

/** A field of a request that is an option of the command line too. */
export interface CommandField {
  /** Where it stands in the request: `['output', 'quality']`. */
  readonly path: readonly [string, ...string[]];
  readonly option: Option;
}

/** The options of an object of a request and of those in it, in the order of their fields. Each call makes new ones. */
export function commandFields(schema: z.ZodObject): readonly CommandField[] {
  return Object.entries(schema.shape).flatMap(([name, field]): readonly CommandField[] => {
    const inner = bare(field);
    const said = fieldOptions.get(field);
    if (said !== undefined) return [{ path: [name], option: optionOf(said, inner) }];
    if (!(inner instanceof z.ZodObject)) return [];
    return commandFields(inner).map(({ path, option }) => ({ path: [name, ...path], option }));
  });
}

/**
 * The fields of a request that options of a command say, with the format of its output. `options` are as commander names them; an absent one
 * leaves its field out.
 */
export function commandBody(schema: z.ZodObject, options: object, format: string): Readonly<Record<string, unknown>> {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const body: Record<string, unknown> = {};
  const parts: Record<string, Record<string, unknown>> = { output: { format } };
  for (const { path, option } of commandFields(schema)) {
    const [name, part] = path;
    const value = given[option.attributeName()];
    if (value === undefined) continue;
    if (part === undefined) body[name] = value;
    else parts[name] = { ...parts[name], [part]: value };
  }
  return { ...body, ...parts };
}

function optionOf({ flag, says }: { readonly flag: string; readonly says: string }, schema: z.core.$ZodType): Option {
  const option = new Option(flag, says);
  if (takesNumber(schema)) return option.argParser(numberOrText);
  if (takesBoolean(schema)) return option.argParser(booleanOrText);
  if (schema instanceof z.ZodArray && schema.element === loraRequest) {
    return option.argParser((text, before) => [
      ...(Array.isArray(before) ? (before as unknown[]) : []),
      loraArgument(text),
    ]);
  }
  if (schema instanceof z.ZodArray && schema.element instanceof z.ZodString) {
    return option.argParser((text, before) => [...(Array.isArray(before) ? (before as unknown[]) : []), text]);
  }
  if (schema instanceof z.ZodArray) return option.argParser((text) => text.split(/[,x]/).map(numberOrText));
  return schema === bare(pictureReference) ? option.argParser((file) => ({ file })) : option;
}

/**
 * `--lora id`, `id:scale` or `id:scale:scale of the text encoder` as an entry of a request's `loras`; what is no number there is left for
 * the request's own check to name.
 */
function loraArgument(text: string): Readonly<Record<string, unknown>> {
  const [model = '', scale, ...textScale] = text.split(':');
  return {
    model,
    ...(scale === undefined ? {} : { scale: numberOrText(scale) }),
    ...(textScale.length === 0 ? {} : { text_encoder_scale: numberOrText(textScale.join(':')) }),
  };
}

/** Whether it is a number, or a word may stand in its place. */
function takesNumber(schema: z.core.$ZodType): boolean {
  const kinds = schema instanceof z.ZodUnion ? schema.options : [schema];
  return kinds.some((one) => one instanceof z.ZodNumber);
}

/** Whether a word stands beside true and false. */
function takesBoolean(schema: z.core.$ZodType): boolean {
  return schema instanceof z.ZodUnion && schema.options.some((one) => one instanceof z.ZodBoolean);
}

function booleanOrText(text: string): boolean | string {
  return text === 'true' || text === 'false' ? text === 'true' : text;
}

/** A number where the text is one; what is no number is left for the request's own check to name. */
export function numberOrText(text: string): number | string {
  return /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text) ? Number(text) : text;
}
