import { resamplePlane } from '../../numeric/resample.ts';
import type { AnnotatorSource } from '../contract/condition.ts';
import { interleavedInput, planarInput, resizeTo, zeroToOne } from '../networks/network-input.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** How much each pixel belongs to the subject. */
export interface Subject {
  /** 0..1, at the size of the picture. */
  readonly alpha: Float32Array;
  /** The network's own highest value, 0..1: how sure it is that there is a subject. */
  readonly certainty: number;
}

/** People by MediaPipe's selfie segmentation, which sees the picture squeezed to 256 x 256. */
export async function findPerson(image: RgbImage, networks: AnnotatorSource): Promise<Subject> {
  const size = { width: 256, height: 256 };
  const network = await networks.annotator('selfie_segmentation');
  const { mask } = await network.run({ image: interleavedInput(resizeTo(image, size), zeroToOne) });
  return { alpha: resamplePlane(mask!.data, size, image), certainty: largest(mask!.data) };
}

const mean = [0.485, 0.456, 0.406];
const deviation = [0.229, 0.224, 0.225];

/**
 * The main object by U2-Net-p (Qin et al., 2020), which sees the picture squeezed to 320 x 320; its values are spread to the
 * whole range of 0..1.
 */
export async function findObject(image: RgbImage, networks: AnnotatorSource): Promise<Subject> {
  const size = { width: 320, height: 320 };
  const squeezed = resizeTo(image, size);
  const brightest = Math.max(largest(squeezed.data), 1e-6);
  const network = await networks.annotator('u2netp');
  const input = planarInput(squeezed, (value, channel) => (value / brightest - mean[channel]!) / deviation[channel]!);
  const { mask } = await network.run({ image: input });
  const [low, high] = [-largest(mask!.data.map((value) => -value)), largest(mask!.data)];
  const spread = mask!.data.map((value) => (value - low) / Math.max(high - low, 1e-6));
  return { alpha: resamplePlane(spread, size, image), certainty: high };
}

function largest(values: Float32Array | Uint8Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > most) most = value;
  return most;
}
