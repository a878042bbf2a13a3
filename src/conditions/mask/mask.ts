import type { AnnotatorSource, ConditionMap, Extractor } from '../contract/condition.ts';
import { greyMap, toBytes } from '../../pixels/grey-map.ts';
import { inspectPhoto } from '../contract/inspect-photo.ts';
import { maskPhoto } from './checks.ts';
import { remarks } from '../contract/remarks.ts';
import { growMask } from './grow.ts';
import type { MaskOptions } from './options.ts';
import { findObject, findPerson } from './subject.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** The subject in white on black, at the size of the picture. `data.share` is the part of the picture that it covers. */
export const mask = {
  async extract(image: RgbImage, options: MaskOptions, networks: AnnotatorSource): Promise<ConditionMap> {
    const { alpha, certainty } =
      options.of === 'person' ? await findPerson(image, networks) : await findObject(image, networks);
    const subject = options.soft ? toBytes(alpha) : growMask(hardMask(alpha), image, options.grow);
    const share = subject.reduce((sum, value) => sum + value / 255, 0) / subject.length;
    const values = options.invert ? subject.map((value) => 255 - value) : subject;
    const blank = certainty <= half || share < speck ? `mask: ${nothingFound[options.of]}` : undefined;
    return { map: greyMap(values, image), ...remarks(inspectPhoto(maskPhoto, image), blank), data: { share } };
  },
} satisfies Extractor<MaskOptions>;

function hardMask(alpha: Float32Array): Uint8Array {
  const values = new Uint8Array(alpha.length);
  for (let i = 0; i < values.length; i++) values[i] = alpha[i]! > half ? 255 : 0;
  return values;
}

/** From here on the networks take a pixel for the subject. */
const half = 0.5;
/** A smaller share of the picture is no subject. */
const speck = 0.001;

const nothingFound: Readonly<Record<MaskOptions['of'], string>> = {
  object: 'no main object stands out, so the mask is a guess; send a picture with one clear subject.',
  person:
    'no person found: the network knows people who fill the picture; crop it to the person, or use "of": "object".',
};
