import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { maskedConditions } from '../../conditions/registry.ts';
import { type FieldNames, refuseUnknownFields } from '../../generation/request/field-names.ts';
import { limits } from '../../generation/request/limits.ts';
import { fieldNames } from '../../generation/parse.ts';
import { controlPictureList, controlPictures } from '../../generation/request/controls.ts';
import { extractionRequest } from '../../generation/request/extraction.ts';
import { generationPictures } from '../../generation/request/drawn-over.ts';
import { generationRequest } from '../../generation/request/generation.ts';
import { upscaleRequest } from '../../generation/request/upscale.ts';
import { longestNumber, exactNumber } from '../../json/exact-number.ts';
import { readJsonNow } from '../../json/read-json.ts';
import type { Form } from '../http/form.ts';
import { partSource } from '../http/json.ts';

/** What the name of the file part ends with that holds the mask beside another part's picture. */
export const maskSuffix = '_mask';

type Fields = Readonly<Record<string, unknown>>;

/** What a file part's name ends with where its picture already is a map. */
export const mapSuffix = '_map';

/**
 * The JSON that the flat form of a generation stands for: text parts are fields (objects and arrays as JSON text), and a
 * file part that is named after a condition is a control with its defaults; `<condition>_map` is one whose picture is used
 * as it is, and the part `<condition>_mask` is the mask beside its picture. A file that a control of the part `controls`
 * refers to is that control's picture only.
 */
export function flatGeneration({ fields, files }: Form, conditions: readonly string[]): Fields {
  const masks = maskedConditions.map((condition) => condition + maskSuffix);
  const parts = [...conditions.flatMap((condition) => [condition, condition + mapSuffix]), ...masks];
  const body = textFields(fields, generationTypes, { ...fieldNames.generation, files: parts });
  const named = partNames(body);
  const over = generationPictures.filter((name) => files.has(name) && !named.has(name));
  const added = [...files.keys()].filter((name) => !named.has(name) && !over.some((one) => one === name));
  for (const name of added) refuseFile(name, parts, fieldNames.generation);
  const pictures = added.filter((name) => !masks.includes(name));
  const given = { ...body, ...Object.fromEntries(over.map((part) => [part, { part }])) };
  if (pictures.length === 0) return given;
  const listed = Array.isArray(body['controls']) ? body['controls'] : [];
  return { ...given, controls: [...listed, ...pictures.map((part) => controlOf(part, added))] };
}

/** A mask whose picture did not come is left over, and refused as a file that is not used. */
function controlOf(part: string, parts: readonly string[]): Fields {
  const image = parts.includes(part + maskSuffix) ? { picture: { part }, mask: { part: part + maskSuffix } } : { part };
  if (!part.endsWith(mapSuffix)) return { type: part, image };
  return { type: part.slice(0, -mapSuffix.length), image, preprocess: false };
}

/** As {@link flatGeneration}, for an extraction: its picture is the file part `image`, the mask beside it `mask`. */
export function flatExtraction({ fields, files }: Form): Fields {
  const parts = ['image', 'mask'];
  const body = textFields(fields, extractionTypes, { ...fieldNames.extraction, files: parts });
  for (const name of files.keys()) refuseFile(name, parts, fieldNames.extraction);
  if (!files.has('image')) return body;
  const image = { part: 'image' };
  return { ...body, image: files.has('mask') ? { picture: image, mask: { part: 'mask' } } : image };
}

/** As {@link flatGeneration}, for an upscale: its picture is the file part `image`. */
export function flatUpscale({ fields, files }: Form): Fields {
  const parts = ['image'];
  const body = textFields(fields, upscaleTypes, { ...fieldNames.upscale, files: parts });
  for (const name of files.keys()) refuseFile(name, parts, fieldNames.upscale);
  return files.has('image') ? { ...body, image: { part: 'image' } } : body;
}

function textFields(
  fields: ReadonlyMap<string, unknown>,
  types: ReadonlyMap<string, FieldType>,
  names: FieldNames & { readonly files: readonly string[] },
): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const [name, value] of fields) {
    if (names.files.includes(name) && !names.known.includes(name)) {
      const detail = `Expected the part ${name} to be a file but received text: with curl, write -F ${name}=@picture.png.`;
      throw new ArmatureError('invalid_request', detail, { field: name });
    }
    refuseUnknownFields({ [name]: value }, names);
    body[name] = typeof value === 'string' ? fieldValue(name, value, types.get(name) ?? 'text') : value;
  }
  return body;
}

function refuseFile(name: string, expected: readonly string[], names: FieldNames): void {
  if (expected.includes(name)) return;
  if (names.known.includes(name)) {
    throw new ArmatureError('invalid_request', `Expected the part ${name} to be text but received a file.`, {
      field: name,
    });
  }
  refuseUnknownFields({ [name]: null }, { known: expected });
}

type FieldType = 'text' | 'number' | 'flag' | 'json';

function fieldValue(name: string, text: string, type: FieldType): unknown {
  if (type === 'text') return text;
  if (type === 'number') return fieldNumber(name, text);
  if (type === 'flag') return text === 'true' || text === 'false' ? text === 'true' : text;
  return readJsonNow(text, partSource(name));
}

const writtenNumber = /^([-+]?)(?:0*(0|[1-9]\d*)(\.\d*)?|(\.\d+))(e[-+]?\d+)?$/i;

/** A number, also as people write it (+1, 007, .5, 1.); what is none is left to the schema. */
function fieldNumber(name: string, text: string): unknown {
  const parts = text.length > longestNumber ? null : writtenNumber.exec(text.trim());
  if (parts === null) return text;
  const [, sign = '', whole = '0', behind, bare, exponent = ''] = parts;
  const fraction = behind === '.' ? '' : (behind ?? bare ?? '');
  const value = exactNumber(`${sign === '-' ? '-' : ''}${whole}${fraction}${exponent}`, false);
  if (value !== null && value !== undefined) return value;
  const detail = `Expected ${name} to be a number that can be kept but received ${text.trim().slice(0, 80)}.`;
  throw new ArmatureError('invalid_request', detail, { field: name });
}

/** Names of the parts that the pictures of a request refer to; of whatever the client sent, so nothing is taken for granted. */
function partNames(body: Fields): ReadonlySet<string> {
  const controls = body['controls'];
  const reference = z.object({ part: z.string() });
  const image = z.union([
    reference.transform(({ part }) => [part]),
    z.object({ picture: reference, mask: reference }).transform(({ picture, mask }) => [picture.part, mask.part]),
  ]);
  const parts = image.catch([]);
  const several = z
    .array(parts)
    .catch([])
    .transform((all) => all.flat().slice(0, limits.promptPictures));
  const schema = z.array(z.record(z.string(), z.unknown()).catch({})).catch([]);
  const few = Array.isArray(controls) ? controls.slice(0, limits.controls) : controls;
  const ofControls = schema
    .parse(few)
    .flatMap((control) => [
      ...controlPictures.flatMap((name) => parts.parse(control[name])),
      ...several.parse(control[controlPictureList]),
    ]);
  return new Set([...ofControls, ...generationPictures.flatMap((name) => parts.parse(body[name]))]);
}

const generationTypes = fieldTypes(generationRequest);
const extractionTypes = fieldTypes(extractionRequest);
const upscaleTypes = fieldTypes(upscaleRequest);

/** How each field is written in a form, by the JSON type that its schema takes. */
function fieldTypes(schema: z.ZodObject): ReadonlyMap<string, FieldType> {
  // An empty registry: a schema that has a name would become a reference.
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input', metadata: z.registry() });
  return new Map(Object.entries(properties).map(([name, property]) => [name, fieldType(property)]));
}

function fieldType(schema: z.core.JSONSchema.BaseSchema | boolean): FieldType {
  if (typeof schema === 'boolean') return 'json';
  const types = [schema, ...(schema.anyOf ?? [])].map((option) =>
    typeof option === 'boolean' ? undefined : option.type,
  );
  if (types.includes('string')) return types.includes('boolean') ? 'flag' : 'text';
  return types.includes('number') || types.includes('integer') ? 'number' : 'json';
}
