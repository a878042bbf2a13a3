import { describe, expect, test } from 'vitest';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import {
  asTheyAre,
  interleavedInput,
  type Normalize,
  planarInput,
  zeroToOne,
} from '../../src/conditions/networks/network-input.ts';
import type { Tensor } from '../../src/numeric/tensor.ts';
import { annotatorCases, annotatorFloats, annotatorPicture, networks } from '../support/annotators.ts';
import { maxAbsDifference } from '../support/golden.ts';

const signed: Normalize = (value) => value / 127.5 - 1;

/** What each network is fed, by the words of manifest.json. Those of poses are tested with openpose. */
const feeds: Readonly<Record<string, (picture: RgbImage) => Tensor>> = {
  hed: (picture) => planarInput(picture, asTheyAre),
  fastdepth: (picture) => planarInput(picture, zeroToOne),
  mlsd_512_large: (picture) => interleavedInput(picture, asTheyAre, 4),
  selfie_segmentation: (picture) => interleavedInput(picture, zeroToOne),
  deeplabv3_mnv2_voc: (picture) => onCanvas(interleavedInput(picture, signed), 513),
  u2netp: (picture) => {
    const brightest = Math.max(...new Set(picture.data));
    const [mean, deviation] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ] as const;
    return planarInput(picture, (value, channel) => (value / brightest - mean[channel]!) / deviation[channel]!);
  },
};

function onCanvas({ dims, data }: Tensor, side: number): Tensor {
  const [, height = 0, width = 0] = dims;
  const canvas = new Float32Array(side * side * 3);
  for (let y = 0; y < height; y++) canvas.set(data.subarray(y * width * 3, (y + 1) * width * 3), y * side * 3);
  return { dims: [1, side, side, 3], data: canvas };
}

const cases = annotatorCases();
const tested = cases.filter(({ model }) => model in feeds);
const elsewhere = cases.filter(({ model }) => !(model in feeds));

/**
 * The references were made by another version of onnxruntime on another processor, whose sums may run in another order. DeepLab's logits reach
 * 40, depths 4 m, all others 1: so it is relative to the largest value where that is above 1.
 */
const tolerance = 2e-5;

/** Where the reference itself is farther from the network in float64 than that: by 4.0e-5, and what AVX2 kernels give by 3.4e-5. */
const ownErrors: Readonly<Record<string, number>> = { u2netp: 4e-5 };

/**
 * Below this a score of M-LSD is a peak or none by the last bit: of neighbours that are equal but for rounding the network leaves one, and
 * sets the others to 0. Lines begin at 0.1.
 */
const certainPeak = 1e-3;

/** What is compared: of M-LSD's scores those that both have, and those that leave no doubt. */
function isCompared(model: string, ours: number, theirs: number): boolean {
  return model !== 'mlsd_512_large' || Math.min(ours, theirs) > 0 || Math.max(ours, theirs) > certainPeak;
}

describe('networks against their references', () => {
  test.each(tested)('$model on $image', async ({ model, input, outputs }) => {
    const network = await networks.annotator(model);
    const answer = await network.run({ image: feeds[model]!(await annotatorPicture(input)) });
    for (const [name, file] of Object.entries(outputs)) {
      const expected = annotatorFloats(file);
      const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      const { data } = answer[name]!;
      const compared = expected.map((value, index) => (isCompared(model, data[index]!, value) ? value : data[index]!));
      expect(compared.filter((value, index) => value !== expected[index]).length).toBeLessThan(expected.length / 200);
      expect(maxAbsDifference(data, compared)).toBeLessThan((ownErrors[model] ?? tolerance) * scale);
    }
  });

  test('are counted, and those of poses are tested elsewhere', () => {
    console.log(`annotators: ${tested.length} of ${cases.length} references here, ${elsewhere.length} with openpose`);
    expect(tested.length).toBeGreaterThan(0);
    for (const { model } of elsewhere) expect(model).toMatch(/^(movenet_multipose|hand_landmark|face_mesh)$/);
  });
});
