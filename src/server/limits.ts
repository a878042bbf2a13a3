import { defaultPictureLimits, type PictureLimits } from '../images/decode.ts';

/** What bounds a request before its fields are looked at. Bytes, milliseconds and counts. */
export interface ServerLimits {
  /** Whole body of a request, of any content type. */
  readonly bodyBytes: number;
  /** One text part of a form. */
  readonly fieldBytes: number;
  readonly formFields: number;
  readonly formFiles: number;
  readonly picture: PictureLimits;
  /** Longest `Prefer: wait`. */
  readonly waitSeconds: number;
  /** Entries of one page of a list. */
  readonly pageSize: number;
  /** Records are looked at again after this, should a notification have been lost. */
  readonly pollMs: number;
  /** Silence on an event stream after which a comment is sent. */
  readonly heartbeatMs: number;
}

export const defaultServerLimits: ServerLimits = {
  bodyBytes: 48 * 2 ** 20,
  fieldBytes: 2 ** 20,
  formFields: 64,
  formFiles: 16,
  picture: { ...defaultPictureLimits, maxBytes: 32 * 2 ** 20 },
  waitSeconds: 60,
  pageSize: 100,
  pollMs: 2000,
  heartbeatMs: 15_000,
};
