import { createHash } from 'node:crypto';
import type { RgbImage } from '../conditions/condition.ts';
import type { JobOutput } from '../generation/job.ts';
import type { OutputOptions } from '../generation/plan.ts';
import { encodePicture } from '../images/encode.ts';
import type { ObjectStore } from '../store/store.ts';

/** Encodes a picture, puts it under `key` and says what was put. */
export async function storePicture(
  store: ObjectStore,
  key: string,
  image: RgbImage,
  output: OutputOptions,
  about: { readonly seed: number | null; readonly text?: Readonly<Record<string, string>> },
): Promise<JobOutput> {
  const bytes = await encodePicture(image, { ...output, ...(about.text === undefined ? {} : { text: about.text }) });
  const contentType = `image/${output.format}`;
  await store.put(key, bytes, contentType);
  const { width, height } = image;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { key, contentType, bytes: bytes.length, sha256, width, height, seed: about.seed };
}
