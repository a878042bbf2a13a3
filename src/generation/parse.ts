import type { z } from 'zod';
import { type FieldNames, isObject, refuseUnknownFields } from './field-names.ts';
import { invalidRequest } from './invalid.ts';
import {
  controlRequest,
  type ExtractionRequest,
  extractionRequest,
  type GenerationRequest,
  generationRequest,
  outputRequest,
} from './request.ts';

/** Fields of the contract that this version refuses with `not_supported_yet`. */
export const fieldNames = {
  generation: {
    known: Object.keys(generationRequest.shape),
    later: ['init_image', 'strength', 'mask_image', 'loras', 'webhook', 'priority', 'evaluate', 'best_of', 'strict'],
  },
  control: { known: Object.keys(controlRequest.shape), later: ['mask', 'resolution'] },
  extraction: { known: Object.keys(extractionRequest.shape), later: ['resolution', 'strict', 'webhook', 'priority'] },
  output: { known: Object.keys(outputRequest.shape), later: [] },
  picture: { known: ['upload_id', 'data', 'part', 'url'], later: ['generation', 'map'] },
} as const satisfies Record<string, FieldNames>;

/**
 * Checks the body of POST /v1/generations and fills in the defaults that do not depend on a model. Throws
 * `invalid_request` or `not_supported_yet` with the path of the field.
 */
export function parseGeneration(body: unknown): GenerationRequest {
  refuseUnknownFields(body, fieldNames.generation);
  if (isObject(body)) {
    refuseUnknownFields(body['output'], fieldNames.output, ['output']);
    if (Array.isArray(body['controls'])) body['controls'].forEach(checkControlNames);
  }
  return check(generationRequest, body);
}

/** As {@link parseGeneration}, for the body of POST /v1/conditions/{type}. */
export function parseExtraction(body: unknown): ExtractionRequest {
  refuseUnknownFields(body, fieldNames.extraction);
  if (isObject(body)) {
    refuseUnknownFields(body['output'], fieldNames.output, ['output']);
    refuseUnknownFields(body['image'], fieldNames.picture, ['image']);
  }
  return check(extractionRequest, body);
}

/** Checks `value` against a schema; a fault throws `invalid_request`, its field under the path `at`. */
export function check<Schema extends z.ZodType>(schema: Schema, value: unknown, at = ''): z.output<Schema> {
  const result = schema.safeParse(value);
  if (!result.success) throw invalidRequest(result.error, schema, value, at);
  return result.data;
}

function checkControlNames(control: unknown, index: number): void {
  refuseUnknownFields(control, fieldNames.control, ['controls', index]);
  if (isObject(control)) refuseUnknownFields(control['image'], fieldNames.picture, ['controls', index, 'image']);
}
