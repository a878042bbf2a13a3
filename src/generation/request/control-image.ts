import { z } from 'zod';
import { structureOf, structures } from '../../conditions/structures.ts';
import { ArmatureError } from '../../errors.ts';
import { fieldPath } from '../../text/field-path.ts';
import { isLongerThan } from './json-size.ts';
import { limits } from './limits.ts';
import { foreignPictureNames, type MaskedPicture, maskedPicture, type PictureReference, pictures } from './pictures.ts';
import { noted } from './request-fields.ts';

/** Structure as data is checked by itself: a fault deep inside has a path of its own. */
function checkedStructure<Schema extends z.ZodType>(kind: string, schema: Schema): Schema {
  return noted(schema, {
    checkAll(value, path) {
      const field = fieldPath(path);
      if (!isLongerThan(value, limits.structureBytes)) {
        structureOf(kind).parse(value, field);
        return;
      }
      const detail = `Expected ${field} to be at most ${limits.structureBytes} bytes as JSON but received more.`;
      throw new ArmatureError('invalid_request', detail, { field });
    },
  });
}

/** The picture of a control, or structure as data. */
export const controlImage = noted(
  z
    .union([
      ...pictures,
      maskedPicture,
      ...structures.map(({ kind, schema, name, description }) =>
        z
          .strictObject({ [kind]: checkedStructure(kind, schema) })
          .describe(description)
          .meta({ id: name }),
      ),
    ])
    .describe('A picture, or structure as data that the map is drawn from')
    .meta({ id: 'ControlImage' }),
  { foreign: foreignPictureNames },
);

/** Structure as data, which a request holds as a field named after its kind. */
export interface StructureImage {
  readonly structure: { readonly kind: string; readonly data: unknown };
}
export type ControlImage = PictureReference | MaskedPicture | StructureImage;
