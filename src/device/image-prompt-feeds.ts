import { type CrossAttention, imagePromptInputs } from '../graph/compiler/index.ts';
import type { Size } from '../numeric/size.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { oneLength, repeated } from '../pipeline/conditioning/conditioning.ts';
import type { RowImage } from '../pipeline/networks/networks.ts';
import type { Feeds } from '../runtime/index.ts';

/**
 * What a UNet with `slots` for image prompts is fed with, for rows that attend to so many pictures or fewer: a slot that a row leaves free has
 * a weight of 0. `latents` is the size of the sample.
 */
export function imagePromptFeeds(
  attentions: readonly CrossAttention[],
  slots: number,
  rows: readonly (readonly RowImage[])[],
  latents: Size,
): Feeds {
  const levels = [...new Set(attentions.map(({ level }) => level))];
  const feeds: Record<string, Tensor> = {};
  for (let slot = 0; slot < slots; slot++) {
    const images = rows.map((own) => own[slot]);
    const length = oneLength(images.flatMap((image) => image?.tokens.count ?? []));
    for (const [index, { layer, width }] of attentions.entries()) {
      feeds[imagePromptInputs.keys(layer, slot)] = stacked(images, (tokens) => tokens.keys[index], length, width);
      feeds[imagePromptInputs.values(layer, slot)] = stacked(images, (tokens) => tokens.values[index], length, width);
    }
    for (const level of levels)
      feeds[imagePromptInputs.weight(level, slot)] = weightsAt(images, halved(latents, level));
  }
  return feeds;
}

type Image = RowImage | undefined;

/** [rows, length, width]; zeros where a row has no picture. */
function stacked(
  images: readonly Image[],
  of: (tokens: RowImage['tokens']) => Float32Array | undefined,
  length: number,
  width: number,
): Tensor {
  const size = length * width;
  const data = new Float32Array(images.length * size);
  for (const [row, image] of images.entries()) {
    const own = image === undefined ? undefined : of(image.tokens);
    if (own !== undefined) data.set(repeated(own, size), row * size);
  }
  return { dims: [images.length, length, width], data };
}

/** [rows, places, 1], a weight for each place of a picture of that size; where each row has one for all of them, [rows, 1, 1]. */
function weightsAt(images: readonly Image[], size: Size): Tensor {
  const weights = images.map((image) => image?.weightsAt(size) ?? Float32Array.of(0));
  const places = Math.max(...weights.map(({ length }) => length));
  const data = new Float32Array(images.length * places);
  for (const [row, own] of weights.entries()) data.set(repeated(own, places), row * places);
  return { dims: [images.length, places, 1], data };
}

function halved({ width, height }: Size, times: number): Size {
  if (times === 0) return { width, height };
  return halved({ width: Math.ceil(width / 2), height: Math.ceil(height / 2) }, times - 1);
}
