import type { Size } from '../../numeric/size.ts';

/** A kernel that brings pictures to another size: larger, or smaller, where it averages. */
export interface PixelUpscaler {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** Whether it makes colours that the picture did not have. */
  readonly mixesColours: boolean;
  /** `data` is `from.width` x `from.height` pixels of `channels` bytes each, which are resampled each by itself; it is not changed. */
  readonly resample: (data: Uint8Array, from: Size, to: Size, channels: number) => Uint8Array;
}
