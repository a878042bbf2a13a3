import { createHash } from 'node:crypto';
import type { AlphaImage } from '../../pixels/alpha-image.ts';
import type { MaskedImage } from '../../pixels/rgb-image.ts';
import type { JobOutput } from '../../generation/job.ts';
import type { OutputOptions } from '../../generation/plan.ts';
import { encodePicture } from '../../images/encode.ts';
import type { ObjectStore } from '../../store/store.ts';
import type { InsideFile } from '../picture-metadata.ts';

/** Encodes a picture, puts it under `key` and says what was put. */
export async function storePicture(
  store: ObjectStore,
  key: string,
  image: MaskedImage | AlphaImage,
  { format, quality }: OutputOptions,
  { seed, ...inside }: { readonly seed: number | null } & InsideFile,
): Promise<JobOutput> {
  const bytes = await encodePicture(image, { format, quality, ...inside });
  const contentType = `image/${format}`;
  await store.put(key, bytes, contentType);
  const { width, height } = image;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { key, contentType, bytes: bytes.length, sha256, width, height, seed };
}
