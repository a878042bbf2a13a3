import { createHash } from 'node:crypto';
import type { PictureDecoder } from '../../images/decoder/decoder.ts';
import { defaultPictureLimits } from '../../images/picture-header.ts';
import type { SetEntry } from './contract/entry.ts';
import { invalidSet } from './contract/invalid-set.ts';
import type { SetFile } from './set.ts';

/** The longer side over the shorter one: of what is longer, hardly anything would be left by the crop. */
const longest = 16;

/** Decodes a picture once from its first byte to its last. @throws ArmatureError `invalid_set`, `invalid_image`, `image_too_large` */
export async function lookAt(
  entry: SetEntry,
  { decoder, pictureBytes }: { readonly decoder: Pick<PictureDecoder, 'verify'>; readonly pictureBytes: number },
): Promise<SetFile> {
  const bytes = await entry.read(pictureBytes);
  const sha256 = hashOf(bytes);
  const limits = { ...defaultPictureLimits, maxBytes: pictureBytes };
  const { width, height } = await decoder.verify(bytes, { limits });
  if (Math.max(width, height) > longest * Math.min(width, height)) {
    throw invalidSet(
      `Expected a picture at most ${longest} times as long as it is wide but received ${width}x${height}.`,
    );
  }
  const read = async (): Promise<Buffer> => {
    const again = await entry.read(pictureBytes);
    if (hashOf(again) !== sha256) {
      throw invalidSet(`Expected ${entry.name} as it was when the set was read but it has changed: start anew.`);
    }
    return again;
  };
  return { name: entry.name, sha256, width, height, read };
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
