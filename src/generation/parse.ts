import type { z } from 'zod';
import { structureKinds, structureOf, structures } from '../conditions/structures.ts';
import { ArmatureError } from '../errors.ts';
import { type FieldNames, isObject, refuseUnknownFields } from './field-names.ts';
import { foreignNames } from './foreign-names.ts';
import { invalidRequest } from './invalid.ts';
import { isLongerThan } from './json-size.ts';
import { limits } from './limits.ts';
import {
  type ControlImage,
  controlImage,
  controlRequest,
  type ExtractionRequest,
  extractionRequest,
  type GenerationRequest,
  generationRequest,
  generationOutputRequest,
  type MaskedPicture,
  outputRequest,
  type PictureReference,
} from './request.ts';
import { isSigningSecret, signingSecretForm } from './signing-secret.ts';
import { refuseUnstorableText } from './storable-text.ts';
import { webhookRequest } from './webhook.ts';

const maskedNames = ['picture', 'mask'] as const;
const pictureNames = ['upload_id', 'data', 'part', 'url', 'generation', 'map', 'output'] as const;

/** Fields of the contract that this version refuses with `not_supported_yet`. */
export const fieldNames = {
  generation: {
    known: Object.keys(generationRequest.shape),
    later: ['init_image', 'strength', 'mask_image', 'loras'],
    foreign: foreignNames.generation,
  },
  control: { known: Object.keys(controlRequest.shape), later: [], foreign: foreignNames.control },
  extraction: { known: Object.keys(extractionRequest.shape), later: [] },
  output: { known: Object.keys(outputRequest.shape), later: [], foreign: foreignNames.output },
  generationOutput: {
    known: Object.keys(generationOutputRequest.shape),
    later: [],
    foreign: foreignNames.output,
  },
  webhook: { known: Object.keys(webhookRequest.shape), later: [] },
  picture: { known: pictureNames, later: [], foreign: foreignNames.picture },
  extractionImage: { known: [...pictureNames, ...maskedNames], later: [], foreign: foreignNames.picture },
  controlImage: {
    known: [...pictureNames, ...maskedNames, ...structureKinds],
    later: [],
    foreign: foreignNames.picture,
  },
} as const satisfies Record<string, FieldNames>;

/**
 * Checks the body of POST /v1/generations and fills in the defaults that do not depend on a model. Throws
 * `invalid_request` or `not_supported_yet` with the path of the field.
 */
export function parseGeneration(body: unknown): GenerationRequest {
  refuseUnknownFields(body, fieldNames.generation);
  if (isObject(body)) {
    refuseUnknownFields(body['output'], fieldNames.generationOutput, ['output']);
    checkWebhook(body['webhook']);
    if (Array.isArray(body['controls'])) body['controls'].forEach(checkControlNames);
  }
  const request = check(generationRequest, unwrapped(body));
  return { ...request, controls: request.controls.map((control) => ({ ...control, image: imageOf(control.image) })) };
}

/** As {@link parseGeneration}, for the body of POST /v1/conditions/{type}. */
export function parseExtraction(body: unknown): ExtractionRequest {
  refuseUnknownFields(body, fieldNames.extraction);
  if (isObject(body)) {
    refuseUnknownFields(body['output'], fieldNames.output, ['output']);
    checkImageNames(body['image'], fieldNames.extractionImage, ['image']);
    checkWebhook(body['webhook']);
  }
  return check(extractionRequest, body);
}

/** Checks `value` against a schema; a fault throws `invalid_request`, its field under the path `at`. */
export function check<Schema extends z.ZodType>(schema: Schema, value: unknown, at = ''): z.output<Schema> {
  refuseUnstorableText(value, at);
  const result = schema.safeParse(value);
  if (!result.success) throw invalidRequest(result.error, schema, value, at);
  return result.data;
}

function checkControlNames(control: unknown, index: number): void {
  refuseUnknownFields(control, fieldNames.control, ['controls', index]);
  if (!isObject(control)) return;
  refuseUnknownFields(control['mask'], fieldNames.picture, ['controls', index, 'mask']);
  const image = control['image'];
  checkImageNames(image, fieldNames.controlImage, ['controls', index, 'image']);
  if (isObject(image)) structureKinds.forEach((kind) => checkStructure(image, kind, `controls[${index}].image`));
}

/** The body with structure as data without what other tools wrap it in. */
function unwrapped(body: unknown): unknown {
  if (!isObject(body) || !Array.isArray(body['controls'])) return body;
  const controls = body['controls'].map((control: unknown): unknown => {
    const image = isObject(control) ? control['image'] : undefined;
    if (!isObject(control) || !isObject(image)) return control;
    const data = structures.flatMap(({ kind, unwrap }) =>
      image[kind] === undefined || unwrap === undefined ? [] : [[kind, unwrap(image[kind])] as const],
    );
    return data.length === 0 ? control : { ...control, image: { ...image, ...Object.fromEntries(data) } };
  });
  return { ...body, controls };
}

/** The image of a control that has passed the schema. */
function imageOf(image: z.output<typeof controlImage>): ControlImage {
  const fields: Readonly<Record<string, unknown>> = image;
  const kind = structureKinds.find((name) => name in fields);
  if (kind === undefined) return image as PictureReference | MaskedPicture;
  return { structure: { kind, data: fields[kind] } };
}

function checkImageNames(image: unknown, names: FieldNames, path: readonly PropertyKey[]): void {
  refuseUnknownFields(image, names, path);
  if (!isObject(image)) return;
  for (const name of maskedNames) refuseUnknownFields(image[name], fieldNames.picture, [...path, name]);
}

/** The secret is checked apart from the schema, whose errors repeat what came. */
export function checkWebhook(webhook: unknown): void {
  refuseUnknownFields(webhook, fieldNames.webhook, ['webhook']);
  const secret = isObject(webhook) ? webhook['secret'] : undefined;
  if (secret === undefined || (typeof secret === 'string' && isSigningSecret(secret))) return;
  const detail = `Expected webhook.secret to be ${signingSecretForm}.`;
  throw new ArmatureError('invalid_request', detail, { field: 'webhook.secret' });
}

/** Structure as data is checked by itself: a fault deep inside has a path of its own. */
function checkStructure(image: Readonly<Record<string, unknown>>, kind: string, field: string): void {
  if (image[kind] === undefined) return;
  const path = `${field}.${kind}`;
  if (isLongerThan(image[kind], limits.structureBytes)) {
    const detail = `Expected ${path} to be at most ${limits.structureBytes} bytes as JSON but received more.`;
    throw new ArmatureError('invalid_request', detail, { field: path });
  }
  structureOf(kind).parse(image[kind], path);
}
