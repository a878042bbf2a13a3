import { z } from 'zod';
import { imagePrompt } from '../../conditions/image-prompt.ts';
import { conditionIds, maskedConditions } from '../../conditions/registry.ts';
import { batchBody } from '../../generation/batch-request.ts';
import { extractionRequest } from '../../generation/request/extraction.ts';
import { generationRequest } from '../../generation/request/generation.ts';
import { upscaleRequest } from '../../generation/request/upscale.ts';
import { mapSuffix, maskSuffix } from '../submissions/flat-form.ts';

// Forms as descriptions: each is one object whose parts may all be left out, because generators of clients know no choice
// between forms, and without defaults, which some would send beside `request`. What may stand together, handlers check.
// The part `request` has no description of its own: some would then send its fields under names of their own.

const file = z.string().meta({ format: 'binary' });

/** Files of controls, such as canny, canny_map, inpaint_mask and image_prompt. */
const controlFiles = Object.fromEntries([
  ...conditionIds.flatMap((id) => [
    [id, file.optional().describe(`Picture of a ${id} control`)] as const,
    [id + mapSuffix, file.optional().describe(`Ready-made map of a ${id} control`)] as const,
  ]),
  ...maskedConditions.map(
    (id) => [id + maskSuffix, file.optional().describe(`Mask beside the picture of the ${id} control`)] as const,
  ),
  [imagePrompt.id, file.optional().describe('Picture of an image prompt')] as const,
]);

/** The form of a generation: the JSON in one part with files beside it, or every field a part of its own. */
export const generationForm = z
  .object({ request: generationRequest.optional(), ...textParts(generationRequest), ...controlFiles })
  .catchall(file)
  .describe(
    'Either request, which is all of it as JSON, and the files that it refers to; or flat: prompt and further fields, and a file part named after a condition is a control, with _map behind it one whose picture is used as it is',
  )
  .meta({ id: 'GenerationForm' });

/** The form of an extraction. */
export const extractionForm = z
  .object({
    request: extractionRequest.optional(),
    ...textParts(extractionRequest),
    image: file.optional().describe('The picture'),
    mask: file.optional().describe(`Of ${maskedConditions.join(', ')}: white where the picture is to be drawn anew`),
  })
  .catchall(file)
  .describe(
    'Either request, which is all of it as JSON, and the file that it refers to; or flat: the file part image and further fields',
  )
  .meta({ id: 'ExtractionForm' });

/** The form of an upscale. */
export const upscaleForm = z
  .object({
    request: upscaleRequest.optional(),
    ...textParts(upscaleRequest),
    image: file.optional().describe('The picture'),
  })
  .catchall(file)
  .describe(
    'Either request, which is all of it as JSON, and the file that it refers to; or flat: the file part image and further fields',
  )
  .meta({ id: 'UpscaleForm' });

/** The form of a batch. */
export const batchForm = z
  .object({ request: batchBody.optional(), items: file.optional().describe('JSON Lines, one item a line') })
  .catchall(file)
  .describe('Either request or items, and the pictures that items refer to')
  .meta({ id: 'BatchForm' });

/** The form of an upload. */
export const uploadForm = z
  .object({ file: file.describe('The picture') })
  .describe('One file')
  .meta({ id: 'UploadForm' });

/** The fields of a request as parts of a form: numbers and words as they are, everything else as JSON text. */
function textParts({ shape }: z.ZodObject): Readonly<Record<string, z.ZodType>> {
  return Object.fromEntries(
    Object.entries(shape).map(([name, field]) => {
      const value = plain(field);
      const described = z.globalRegistry.get(field)?.description ?? '';
      const isStructure = value instanceof z.ZodObject || value instanceof z.ZodArray || value instanceof z.ZodRecord;
      return isStructure
        ? [name, z.string().optional().describe(`As JSON text. ${described}`.trimEnd())]
        : [name, value.optional().describe(described)];
    }),
  );
}

/** A form has no null, and what is not in it has its default. */
function plain(field: z.core.$ZodType): z.ZodType {
  if (
    field instanceof z.ZodOptional ||
    field instanceof z.ZodNullable ||
    field instanceof z.ZodDefault ||
    field instanceof z.ZodPrefault
  ) {
    return plain(field.unwrap());
  }
  return field as z.ZodType;
}
