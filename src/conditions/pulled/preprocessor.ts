import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { cubic, type PlaneSize, resampleBytes, type ResampleFilter, triangle } from '../../numeric/resample.ts';
import { roundHalfToEven } from '../../numeric/round-half-to-even.ts';
import type { Tensor } from '../../numeric/tensor.ts';
import type { RgbImage } from '../condition.ts';
import { planarInput } from '../network-input.ts';

const sides = z.union([
  z.int().positive(),
  z.object({ height: z.int().positive(), width: z.int().positive() }),
  z.object({ shortest_edge: z.int().positive(), longest_edge: z.int().positive().nullish() }),
]);
const threeValues = z.tuple([z.number(), z.number(), z.number()]);

/** Fields of preprocessor_config.json as transformers writes it for networks that take pictures. */
const schema = z.object({
  do_resize: z.boolean().default(true),
  size: sides.optional(),
  keep_aspect_ratio: z.boolean().nullish(),
  ensure_multiple_of: z.int().positive().nullish(),
  resample: z.number().nullish(),
  do_rescale: z.boolean().default(true),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: threeValues.optional(),
  image_std: threeValues.optional(),
  do_pad: z.boolean().nullish(),
});

/** How a network wants its pictures. */
export interface Preprocessor {
  readonly size: (picture: PlaneSize) => PlaneSize;
  readonly filter: ResampleFilter;
  readonly rescale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What holds where the file leaves it open. */
export interface PreprocessorDefaults {
  readonly side: number;
  readonly multiple: number;
  readonly keepAspect: boolean;
  readonly filter: ResampleFilter;
}

/** Mean and deviation of the pictures of ImageNet, 0..1. */
const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** Pillow's numbers of filters. */
const filters: Readonly<Record<number, ResampleFilter>> = { 2: triangle, 3: cubic };

/**
 * Reads a preprocessor_config.json; undefined, where there is none, stands for the defaults. `model_invalid` where it asks
 * for what is not done here (a filter other than linear and cubic).
 *
 * @param id of the network, for the error.
 */
export function readPreprocessor(raw: unknown, id: string, defaults: PreprocessorDefaults): Preprocessor {
  const parsed = schema.safeParse(raw ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(id, `${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { resample, do_rescale, rescale_factor, do_normalize, image_mean, image_std } = parsed.data;
  const filter = resample === undefined || resample === null ? defaults.filter : filters[resample];
  if (filter === undefined) throw invalid(id, `resample ${resample} is neither linear (2) nor cubic (3)`);
  return {
    size: sizeRule(parsed.data, defaults),
    filter,
    rescale: do_rescale ? rescale_factor : 1,
    mean: do_normalize ? (image_mean ?? imageNet.mean) : [0, 0, 0],
    std: do_normalize ? (image_std ?? imageNet.std) : [1, 1, 1],
  };
}

/** [1, 3, height, width] */
export function preprocess(image: RgbImage, { size, filter, rescale, mean, std }: Preprocessor): Tensor {
  const target = size(image);
  const data = resampleBytes(image.data, image, target, 3, filter);
  return planarInput({ ...target, data }, (value, channel) => (value * rescale - mean[channel]!) / std[channel]!);
}

type Fields = z.output<typeof schema>;

function sizeRule(fields: Fields, defaults: PreprocessorDefaults): (picture: PlaneSize) => PlaneSize {
  const { size = defaults.side, do_resize } = fields;
  if (!do_resize) return (picture) => picture;
  if (typeof size === 'object' && 'shortest_edge' in size) {
    return (picture) => shortestEdge(picture, size.shortest_edge, size.longest_edge ?? Number.POSITIVE_INFINITY);
  }
  const box = typeof size === 'number' ? { width: size, height: size } : size;
  const keepAspect = fields.keep_aspect_ratio ?? defaults.keepAspect;
  const multiple = fields.ensure_multiple_of ?? defaults.multiple;
  return (picture) => fit(picture, box, keepAspect, multiple);
}

/**
 * The size at which DPT and its kin see a picture: scaled as little as possible to one side of the box, each side rounded
 * to a multiple. Unlike the original, a side is never 0 and the area at most that of two boxes: attention grows with its square.
 */
export function fit(picture: PlaneSize, box: PlaneSize, keepAspect: boolean, multiple: number): PlaneSize {
  let [across, down] = [box.width / picture.width, box.height / picture.height];
  if (keepAspect) {
    const least = Math.abs(1 - across) < Math.abs(1 - down) ? across : down;
    const area = picture.width * picture.height * least * least;
    across = down = least * Math.min(1, Math.sqrt((2 * box.width * box.height) / area));
  }
  const rounded = (length: number): number => Math.max(multiple, roundHalfToEven(length / multiple) * multiple);
  return { width: rounded(across * picture.width), height: rounded(down * picture.height) };
}

function shortestEdge({ width, height }: PlaneSize, shortest: number, longest: number): PlaneSize {
  const factor = Math.min(shortest / Math.min(width, height), longest / Math.max(width, height));
  const area = Math.min(1, (2 * shortest) / Math.sqrt(width * height * factor * factor));
  const scaled = (length: number): number => Math.max(1, Math.trunc(length * factor * area));
  return { width: scaled(width), height: scaled(height) };
}

function invalid(id: string, what: string): ArmatureError {
  return new ArmatureError('model_invalid', `The preprocessor_config.json of ${id} cannot be followed: ${what}.`);
}
