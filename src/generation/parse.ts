import type { z } from 'zod';
import { structureKinds, structures } from '../conditions/structures.ts';
import { type FieldNames, isObject } from './request/field-names.ts';
import { invalidRequest } from './invalid.ts';
import { namesOf, refuseFields } from './request/request-fields.ts';
import { type ControlImage, controlImage } from './request/control-image.ts';
import { controlRequest } from './request/controls.ts';
import { extractionImage, type MaskedPicture, pictureReference, type PictureReference } from './request/pictures.ts';
import { type ExtractionRequest, extractionRequest } from './request/extraction.ts';
import { type GenerationRequest, generationRequest } from './request/generation.ts';
import { generationOutputRequest, outputRequest } from './request/output.ts';
import { refuseUnstorableText } from './storable-text.ts';
import { type UpscaleRequest, upscaleRequest } from './request/upscale.ts';
import {
  type ContinueRequest,
  continueRequest,
  type TrainingJobRequest,
  trainingJobRequest,
} from './request/training-job.ts';
import { webhookRequest } from './request/webhook.ts';

/** The names of a request's objects, with those that are to come and those that others have for them. */
export const fieldNames = {
  generation: namesOf(generationRequest),
  control: namesOf(controlRequest),
  controlImage: namesOf(controlImage),
  extraction: namesOf(extractionRequest),
  upscale: namesOf(upscaleRequest),
  extractionImage: namesOf(extractionImage),
  picture: namesOf(pictureReference),
  output: namesOf(outputRequest),
  generationOutput: namesOf(generationOutputRequest),
  webhook: namesOf(webhookRequest),
} as const satisfies Record<string, FieldNames>;

/**
 * Checks the body of POST /v1/generations and fills in the defaults that do not depend on a model. Throws
 * `invalid_request` with the path of the field.
 */
export function parseGeneration(body: unknown): GenerationRequest {
  refuseFields(generationRequest, body);
  const request = check(generationRequest, unwrapped(body));
  return {
    ...request,
    controls: request.controls.map((control) => ({ ...control, image: imageOf(control.image ?? control.images?.[0]) })),
  };
}

/** As {@link parseGeneration}, for the body of POST /v1/conditions/{type}. */
export function parseExtraction(body: unknown): ExtractionRequest {
  refuseFields(extractionRequest, body);
  return check(extractionRequest, body);
}

/** As {@link parseGeneration}, for the body of POST /v1/upscales. */
export function parseUpscale(body: unknown): UpscaleRequest {
  refuseFields(upscaleRequest, body);
  return check(upscaleRequest, body);
}

/** As {@link parseGeneration}, for the body of POST /v1/trainings/{id}/continue. */
export function parseContinue(body: unknown): ContinueRequest {
  refuseFields(continueRequest, body);
  return check(continueRequest, body);
}

/** As {@link parseGeneration}, for the body of POST /v1/trainings. */
export function parseTraining(body: unknown): TrainingJobRequest {
  refuseFields(trainingJobRequest, body);
  return check(trainingJobRequest, body);
}

/** Checks `value` against a schema; a fault throws `invalid_request`, its field under the path `at`. */
export function check<Schema extends z.ZodType>(schema: Schema, value: unknown, at = ''): z.output<Schema> {
  refuseUnstorableText(value, at);
  const result = schema.safeParse(value);
  if (!result.success) throw invalidRequest(result.error, schema, value, at);
  return result.data;
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
function imageOf(image: z.output<typeof controlImage> | undefined): ControlImage {
  if (image === undefined) throw new RangeError('A control has a picture');
  const fields: Readonly<Record<string, unknown>> = image;
  const kind = structureKinds.find((name) => name in fields);
  if (kind === undefined) return image as PictureReference | MaskedPicture;
  return { structure: { kind, data: fields[kind] } };
}
