import { row, type Tensor } from '../../numeric/tensor.ts';
import type { Annotator } from '../contract/condition.ts';
import { planarInput } from '../networks/network-input.ts';
import type { Box, ScoredPoint } from './movenet.ts';
import { linearSamples } from '../../pixels/linear-samples.ts';
import { runOnPicture, wrongNetwork } from '../networks/network-ports.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** Points of COCO-WholeBody: 17 of the body, 6 of the feet, 68 of the face, 21 of the left hand, 21 of the right. */
const pointCount = 133;

const input = { width: 288, height: 384 };
/** SimCC has two places for each pixel of the input. */
const places = 2;

const mean = [123.675, 116.28, 103.53];
const std = [58.395, 57.12, 57.375];

/** The part of a picture that the network sees: a person's box, a quarter larger, at the network's aspect. */
export interface PersonCrop {
  readonly x: number;
  readonly y: number;
  /** Pixels of the picture for one of the crop. */
  readonly step: number;
}

export function cropOf({ left, top, right, bottom }: Box): PersonCrop {
  const [width, height] = [(right - left) * 1.25, (bottom - top) * 1.25];
  const across = Math.max(width, height * (input.width / input.height));
  const step = across / input.width;
  return {
    x: (left + right) / 2 - (input.width / 2) * step,
    y: (top + bottom) / 2 - (input.height / 2) * step,
    step,
  };
}

/** The crop in the colours of the picture, black beside it. */
export function cropPerson(image: RgbImage, { x, y, step }: PersonCrop): RgbImage {
  return linearSamples(image, { count: input.width, first: x, step }, { count: input.height, first: y, step }, 'black');
}

/**
 * The 133 points of the person in a box, in pixels of the picture, by RTMPose with SimCC (Jiang et al., 2023; Li et al.,
 * 2022): the network scores places along x and along y by themselves, the score of a point is the lower of both maxima.
 */
export async function findPoints(image: RgbImage, box: Box, network: Annotator): Promise<readonly ScoredPoint[]> {
  const crop = cropOf(box);
  const picture = planarInput(cropPerson(image, crop), (value, channel) => (value - mean[channel]!) / std[channel]!);
  const [x, y] = await runOnPicture(network, picture, 'dw-ll_ucoco_384');
  if (x?.dims.at(-2) !== pointCount || y?.dims.at(-2) !== pointCount) {
    const found = `but they are [${x?.dims.join(', ')}] and [${y?.dims.join(', ')}]`;
    throw wrongNetwork('the pose network', `an RTMPose with outputs [1, ${pointCount}, places] along x and y ${found}`);
  }
  return Array.from({ length: pointCount }, (_, i) => pointAt(best(x, i), best(y, i), crop));
}

interface Peak {
  readonly place: number;
  readonly score: number;
}

function best(scores: Tensor, index: number): Peak {
  const values = row({ dims: scores.dims.slice(-2), data: scores.data }, index);
  let place = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[place]!) place = i;
  return { place, score: values[place]! };
}

function pointAt(across: Peak, down: Peak, { x, y, step }: PersonCrop): ScoredPoint {
  return {
    x: x + (across.place / places) * step,
    y: y + (down.place / places) * step,
    score: Math.min(across.score, down.score),
  };
}
