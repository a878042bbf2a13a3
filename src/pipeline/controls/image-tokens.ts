import type { ImageEncoderModel } from '../../generation/models/image-encoder.ts';
import type { IpAdapterModel } from '../../generation/models/ip-adapter.ts';
import type { Tensor } from '../../numeric/tensor.ts';
import type { Role } from '../../generation/row-roles.ts';
import { limits } from '../../generation/request/limits.ts';
import { tilesOf } from '../../pixels/beside-each-other.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';
import { fitOneLength } from '../conditioning/conditioning.ts';
import type { ImageTokens, RowImage, SteeringSource } from '../networks/networks.ts';
import { cellWeights } from './control-weights.ts';
import type { ControlWork } from './control-work.ts';
import type { ImageTokenControl, RowControl } from './sample-control.ts';

/** Makes a control ready to act by tokens of its pictures, as an IP-Adapter does: all networks of it run once a pass. */
export async function prepareImageTokens(
  [work]: readonly ControlWork<IpAdapterModel>[],
  networks: SteeringSource,
): Promise<ImageTokenControl> {
  const { plan, model, encoder, inputs } = work as ControlWork<IpAdapterModel>;
  const { imageSize, tokensOf } = await networks.openImagePrompt(model, encoder as ImageEncoderModel);
  const seen: ImageTokens[] = [];
  for (const picture of tilesOf(inputs.map, imageSize)) seen.push(await tokensOf(normalised(picture)));
  const weight = Float32Array.of(plan.scale);
  const tokens = { prompt: joined(seen), others: await tokensOf(null) };
  return {
    acts: 'imageTokens',
    tokens,
    start: plan.start,
    end: plan.end,
    weights: { prompt: weight, others: weight },
    inputs,
  };
}

/** Tokens of several pictures are attended to as if they were those of one (diffusers). */
function joined(pictures: readonly ImageTokens[]): ImageTokens {
  const [first] = pictures;
  if (first === undefined) throw new RangeError('An image prompt has a picture');
  if (pictures.length === 1) return first;
  const both = (of: 'keys' | 'values'): readonly Float32Array[] =>
    first[of].map((_, attention) => oneAfterAnother(pictures.map((picture) => picture[of][attention] as Float32Array)));
  return { count: pictures.reduce((sum, { count }) => sum + count, 0), keys: both('keys'), values: both('values') };
}

function oneAfterAnother(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** What each row attends to; none at all where nothing acts. rows[r] are the controls that act on row r. */
export function imagesOf(
  rows: readonly (readonly RowControl<ImageTokenControl>[])[],
): readonly (readonly RowImage[])[] {
  if (rows.every((controls) => controls.length === 0)) return [];
  return rows.map((controls) =>
    controls.map((one) => ({
      tokens: tokensFor(one.control, one.role),
      weightsAt: (size) => cellWeights(one, 0, size),
    })),
  );
}

/** Memory that a row with such controls is fed with pictures in, in bytes: eight image prompts of eight pictures each take 700 MB in SDXL. */
export function imageBytesOf(controls: readonly RowControl[]): number {
  const values = controls.flatMap(({ control, role }) => {
    if (control.acts !== 'imageTokens') return [];
    const { keys, values: of } = tokensFor(control, role);
    return [...keys, ...of].map(({ length }) => length);
  });
  return Float32Array.BYTES_PER_ELEMENT * values.reduce((sum, length) => sum + length, 0);
}

function tokensFor({ tokens }: ImageTokenControl, role: Role): ImageTokens {
  return role === 'prompt' ? tokens.prompt : tokens.others;
}

/**
 * Tokens up to which those of pictures are repeated: as many as an image prompt of Plus may have. They are keys and values of every attention, in SDXL
 * 11 MB a row for 16 of them, where a text is one sequence for all.
 */
const mostTokens = 16 * limits.promptPictures;

/** Whether what rows attend to beside the text may be brought to one length in a run: it is repeated up to a multiple of all. */
export function canShareImages(rows: readonly (readonly RowControl[])[]): boolean {
  const images = imagesOf(
    rows.map((controls) =>
      controls.filter((one): one is RowControl<ImageTokenControl> => one.control.acts === 'imageTokens'),
    ),
  );
  const slots = images.reduce((most, own) => Math.max(most, own.length), 0);
  const lengths = Array.from({ length: slots }, (_, slot) => images.flatMap((own) => own[slot]?.tokens.count ?? []));
  return lengths.every((own) => fitOneLength(own, mostTokens));
}

/** CLIP's, by channel. */
const mean = [0.48145466, 0.4578275, 0.40821073] as const;
const deviation = [0.26862954, 0.26130258, 0.27577711] as const;

/** A square picture as CLIP takes it: [1, 3, size, size], less the mean, by the deviation. */
export function normalised({ data, width, height }: RgbImage): Tensor {
  const plane = width * height;
  const values = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < plane; i++) {
      values[channel * plane + i] = (data[3 * i + channel]! / 255 - mean[channel]!) / deviation[channel]!;
    }
  }
  return { dims: [1, 3, height, width], data: values };
}
