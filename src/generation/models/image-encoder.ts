import { findModel } from './find-model.ts';
import type { ModelNoun } from './model-noun.ts';
import type { AnyFoundModel, RejectedModel } from './model.ts';

/** CLIP's vision tower with its projection: what IP-Adapters see a picture with. */
export interface ImageEncoderModel extends AnyFoundModel {
  readonly kind: 'image-encoder';
  readonly layout: 'diffusers' | 'single-file';
  /** Pixels across and down of what it sees. */
  readonly imageSize: number;
  /** Of its states, and of what it makes of them for the whole picture. */
  readonly hiddenWidth: number;
  readonly projectionWidth: number;
}

/** The image encoders that are there, and what cannot be used. */
interface ImageEncoders {
  readonly imageEncoders: readonly ImageEncoderModel[];
  readonly rejected: readonly RejectedModel[];
}

/** As `findBase`, for an image encoder. */
export function findImageEncoder(
  { imageEncoders, rejected }: ImageEncoders,
  id: string,
  field: string,
): ImageEncoderModel {
  return findModel(imageEncoders, rejected, id, field, imageEncoderNoun.noun);
}

type Widths = Pick<ImageEncoderModel, 'hiddenWidth' | 'projectionWidth'>;

const published: readonly (Widths & { readonly name: string })[] = [
  { name: 'CLIP ViT-L', hiddenWidth: 1024, projectionWidth: 768 },
  { name: 'CLIP ViT-H', hiddenWidth: 1280, projectionWidth: 1024 },
  { name: 'CLIP ViT-bigG', hiddenWidth: 1664, projectionWidth: 1280 },
];

/** What one of such widths is called; null where none that is published has them. */
export function imageEncoderName(widths: Partial<Widths>): string | null {
  const isSame = (key: keyof Widths, other: Widths): boolean => widths[key] === undefined || widths[key] === other[key];
  return published.find((one) => isSame('hiddenWidth', one) && isSame('projectionWidth', one))?.name ?? null;
}

export const imageEncoderNoun = {
  noun: 'image encoder',
  list: 'imageEncoders',
  field: 'controls[].model',
} as const satisfies ModelNoun<ImageEncoderModel>;
