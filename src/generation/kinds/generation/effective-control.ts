import { z } from 'zod';
import { structureKinds } from '../../../conditions/structures.ts';
import { controlModes, controlPasses } from '../../request/choices.ts';
import { type PlannedControl, sentAs } from '../../planned-control.ts';
import { resizeModes } from '../../../pixels/resize-mode.ts';
import { modelReference, sha256 } from '../../references.ts';

export const effectiveControl = z
  .object({
    type: z.string(),
    model: modelReference,
    image: z.object({ sha256 }),
    images: z
      .array(z.object({ sha256 }))
      .nullable()
      .describe('All pictures of an image prompt; null of a control that has a map'),
    image_encoder: modelReference.nullable().describe('What they were seen with'),
    structure: z.enum(structureKinds).nullable().describe('What kind of data the image is; null for a picture'),
    preprocess: z
      .union([z.record(z.string(), z.unknown()), z.literal(false)])
      .describe('Every option of the extractor, or false'),
    resolution: z.int().nullable().describe('Short side at which the extractor saw it; null: the size of the output'),
    scale: z.number(),
    start: z.number(),
    end: z.number(),
    every: z.int(),
    mode: z.enum(controlModes),
    passes: z.enum(controlPasses),
    resize: z.enum(resizeModes),
    mask: z.object({ sha256 }).nullable().describe('Where the control acts; null where it acts everywhere'),
    map_url: z
      .string()
      .nullable()
      .describe('The map that was used, or the pictures of an image prompt as they were seen; null until it exists'),
  })
  .meta({ id: 'EffectiveControl' });

/** A control as it acts. `mapUrl` is where its map is; null until it exists. */
export function controlView(control: PlannedControl, mapUrl: string | null) {
  const { type, model, source, scale, start, end, every = 1, mode, passes = 'both', resize, region } = control;
  return {
    type,
    model: { ...model },
    image: { sha256: sentAs(source).sha256 },
    images: source.kind === 'pictures' ? source.images.map((picture) => ({ sha256: picture.sha256 })) : null,
    image_encoder: source.kind === 'pictures' ? { ...source.encoder } : null,
    structure: source.kind === 'structure' ? source.structure : null,
    preprocess: source.kind === 'photo' ? { ...source.preprocess } : (false as const),
    resolution: source.kind === 'photo' ? source.resolution : null,
    scale,
    start,
    end,
    every,
    mode,
    passes,
    resize,
    mask: region === undefined ? null : { sha256: region.sha256 },
    map_url: mapUrl,
  };
}
