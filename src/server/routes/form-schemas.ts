import { z } from 'zod';
import { conditionIds } from '../../conditions/registry.ts';
import { extractionRequest, generationRequest } from '../../generation/request.ts';
import { mapSuffix, maskedConditions, maskSuffix } from '../flat-form.ts';

const file = z.string().meta({ format: 'binary' });

/** The forms of a generation: the JSON in one part with files beside it, or every field a part of its own. */
export const generationForm = z.union([
  z.object({ request: generationRequest }).catchall(file).describe('JSON in the part request; files that it refers to'),
  generationRequest
    .omit({ controls: true })
    .extend({
      controls: generationRequest.shape.controls.describe('JSON text; each refers to a file part'),
      ...Object.fromEntries(
        conditionIds.flatMap((id) => [
          [id, file.optional().describe(`Picture of a ${id} control`)],
          [id + mapSuffix, file.optional().describe(`Ready-made map of a ${id} control`)],
        ]),
      ),
      ...Object.fromEntries(
        maskedConditions.map((id) => [
          id + maskSuffix,
          file.optional().describe(`Mask beside the picture of the ${id} control`),
        ]),
      ),
    })
    .describe(
      'Flat: numbers as text, objects and arrays as JSON text, a file part named after a condition is a control, and with _map behind it one whose picture is used as it is',
    ),
]);

/** The forms of an extraction. */
export const extractionForm = z.union([
  z
    .object({ request: extractionRequest })
    .catchall(file)
    .describe('JSON in the part request; the file that it refers to'),
  extractionRequest
    .omit({ image: true })
    .extend({ image: file, mask: file.optional().describe('Of inpaint: white where the picture is to be drawn anew') })
    .describe('Flat: the picture is the file part image'),
]);
