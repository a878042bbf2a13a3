import type { AnyFoundModel } from './model.ts';

/** A T2I-Adapter: features of a map that are added in the levels of a UNet. */
export interface AdapterModel extends AnyFoundModel {
  readonly kind: 'adapter';
  readonly layout: 'diffusers' | 'single-file';
  /** Condition id, or null where nobody has said it yet. */
  readonly type: string | null;
  /** Sides of a picture have to be multiples of this many pixels. */
  readonly cell: number;
  /** What it makes, one a level: channels, and how many pixels across and down a cell of them has. */
  readonly features: readonly AdapterFeature[];
}

export interface AdapterFeature {
  readonly channels: number;
  readonly pixels: number;
}
