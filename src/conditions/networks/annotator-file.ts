import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import type { Annotator } from '../contract/condition.ts';
import { preprocessorFields } from './preprocessor-fields.ts';

const annotatorFileName = 'annotator.json';

/** Directions in which a surface may face, seen from the camera; front is towards it. */
const directions = ['left', 'right', 'up', 'down', 'front', 'back'] as const;
export type Direction = (typeof directions)[number];

const direction = z.enum(directions);

/**
 * annotator.json: what the other files of a pulled network leave open. The catalog has it for its networks, and whoever
 * brings one of their own writes it. Unknown fields are refused: a misspelt one would be lost in silence.
 */
export const annotatorFile = z.strictObject({
  schema: z.literal(1),
  /** How it wants its pictures: fields as in preprocessor_config.json, which it goes before. */
  input: z.strictObject(preprocessorFields.shape).optional(),
  output: z
    .strictObject({
      /** Values of the output's two ends: of lines of black and white, of normals of a direction and its opposite. */
      range: z
        .tuple([z.number(), z.number()])
        .refine(([low, high]) => low < high, { error: 'expected the lower end first' })
        .optional(),
      /** Whether lines lie at the lower end (dark, on white paper) or at the higher. */
      lines: z.enum(['dark', 'bright']).optional(),
      /** Where a surface faces that has the higher end in the first, second and third channel. */
      axes: z.tuple([direction, direction, direction]).optional(),
    })
    .default({}),
});

export type AnnotatorFile = z.output<typeof annotatorFile>;

/** `model_invalid` where the network's annotator.json cannot be followed. Without one everything is left open. */
export function readAnnotatorFile({ settings }: Annotator, id: string): AnnotatorFile {
  const raw = settings[annotatorFileName];
  if (raw === undefined) return { schema: 1, output: {} };
  const parsed = annotatorFile.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const detail = `The ${annotatorFileName} of ${id} cannot be followed: ${issue?.path.join('.')}: ${issue?.message}.`;
  throw new ArmatureError('model_invalid', detail);
}
