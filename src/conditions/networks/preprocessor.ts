import { ArmatureError } from '../../errors.ts';
import { cubic, resampleBytes, type ResampleFilter, triangle } from '../../numeric/resample.ts';
import { roundHalfToEven } from '../../numeric/round-half-to-even.ts';
import type { Tensor } from '../../numeric/tensor.ts';
import type { Annotator } from '../contract/condition.ts';
import { planarInput } from './network-input.ts';
import { readAnnotatorFile } from './annotator-file.ts';
import { type PreprocessorFields, preprocessorFields } from './preprocessor-fields.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';
import type { Size } from '../../numeric/size.ts';

/** How a network wants its pictures. */
export interface Preprocessor {
  readonly size: (picture: Size) => Size;
  /** Of which the sides are multiples, where the network asks for that. */
  readonly multiple: number;
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

/** What rounding to multiples may add to the area of a picture that is not extremely long. */
const slack = 1.25;

/** Pillow's numbers of filters. */
const filters: Readonly<Record<number, ResampleFilter>> = { 2: triangle, 3: cubic };

/** How a network wants its pictures, as its annotator.json says it, or else its preprocessor_config.json. */
export function preprocessorOf(network: Annotator, id: string, defaults: PreprocessorDefaults): Preprocessor {
  const { input } = readAnnotatorFile(network, id);
  return readPreprocessor(input ?? network.settings['preprocessor_config.json'], id, defaults);
}

/**
 * Reads a preprocessor_config.json; undefined, where there is none, stands for the defaults. `model_invalid` where it asks
 * for what is not done here (a filter other than linear and cubic).
 *
 * @param id of the network, for the error.
 */
export function readPreprocessor(raw: unknown, id: string, defaults: PreprocessorDefaults): Preprocessor {
  const parsed = preprocessorFields.safeParse(raw ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(id, `${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { resample, do_rescale, rescale_factor, do_normalize, image_mean, image_std } = parsed.data;
  const filter = resample === undefined || resample === null ? defaults.filter : filters[resample];
  if (filter === undefined) throw invalid(id, `resample ${resample} is neither linear (2) nor cubic (3)`);
  return {
    size: sizeRule(parsed.data, defaults),
    multiple: parsed.data.ensure_multiple_of ?? defaults.multiple,
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

function sizeRule(fields: PreprocessorFields, defaults: PreprocessorDefaults): (picture: Size) => Size {
  const { size = defaults.side, do_resize } = fields;
  if (!do_resize) return (picture) => picture;
  if (typeof size === 'object' && 'shortest_edge' in size) {
    const { shortest_edge: shortest, longest_edge: longest } = size;
    const divisor = fields.size_divisor ?? 1;
    return (picture) => {
      const size = shortestEdge(picture, shortest, longest ?? Number.POSITIVE_INFINITY);
      return withinArea(multiplesOf(divisor, size), divisor, slack * 4 * Math.max(shortest, divisor) ** 2);
    };
  }
  const box = typeof size === 'number' ? { width: size, height: size } : size;
  const keepAspect = fields.keep_aspect_ratio ?? defaults.keepAspect;
  const multiple = fields.ensure_multiple_of ?? defaults.multiple;
  return (picture) => fit(picture, box, keepAspect, multiple);
}

/**
 * The size at which DPT and its kin see a picture: scaled as little as possible to one side of the box, each side rounded
 * to a multiple. Unlike the original, a side is never 0 and the area at most about that of two boxes: attention grows with its
 * square.
 */
export function fit(picture: Size, box: Size, keepAspect: boolean, multiple: number): Size {
  let [across, down] = [box.width / picture.width, box.height / picture.height];
  if (keepAspect) {
    const least = Math.abs(1 - across) < Math.abs(1 - down) ? across : down;
    const area = picture.width * picture.height * least * least;
    across = down = least * Math.min(1, Math.sqrt((2 * box.width * box.height) / area));
  }
  const rounded = (length: number): number => Math.max(multiple, roundHalfToEven(length / multiple) * multiple);
  const size = { width: rounded(across * picture.width), height: rounded(down * picture.height) };
  return keepAspect ? withinArea(size, multiple, slack * 2 * box.width * box.height) : size;
}

/** The long side shortened to where the area is at most `most`: of a very long picture rounding multiplies the short side. */
export function withinArea({ width, height }: Size, multiple: number, most: number): Size {
  const longest = Math.max(multiple, Math.floor(most / Math.min(width, height) / multiple) * multiple);
  return width > height ? { width: Math.min(width, longest), height } : { width, height: Math.min(height, longest) };
}

/** Each side rounded up. */
export function multiplesOf(divisor: number, { width, height }: Size): Size {
  const up = (length: number): number => Math.ceil(length / divisor) * divisor;
  return { width: up(width), height: up(height) };
}

function shortestEdge({ width, height }: Size, shortest: number, longest: number): Size {
  const factor = Math.min(shortest / Math.min(width, height), longest / Math.max(width, height));
  const area = Math.min(1, (2 * shortest) / Math.sqrt(width * height * factor * factor));
  const scaled = (length: number): number => Math.max(1, Math.trunc(length * factor * area));
  return { width: scaled(width), height: scaled(height) };
}

function invalid(id: string, what: string): ArmatureError {
  return new ArmatureError('model_invalid', `The preprocessor_config.json of ${id} cannot be followed: ${what}.`);
}
