import type { SerializedError } from '../../errors.ts';
import type { PictureDecoder } from './decoder.ts';

/** What a process asks of its decoder children: one kind of work, with what that is given. A child answers in order. */
export interface DecoderRequest {
  readonly work: keyof PictureDecoder;
  readonly given: readonly unknown[];
}

export type DecoderAnswer = { readonly done: unknown } | { readonly failed: SerializedError };
