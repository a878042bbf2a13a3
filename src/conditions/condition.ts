import type { z } from 'zod';

/** 8-bit RGB pixels, row by row, three bytes a pixel, no padding. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** What an extractor gives back: the map that a ControlNet is fed, and remarks such as "no edges were found". */
export interface ConditionMap {
  readonly map: RgbImage;
  readonly warnings: readonly string[];
}

export interface Extractor<Options> {
  extract(image: RgbImage, options: Options): ConditionMap | Promise<ConditionMap>;
}

/**
 * A kind of structure that can steer a picture. `options` is the schema of the extractor's options (every field has a
 * default); `load` brings the extractor in when it is first needed, and is absent where only ready-made maps are accepted.
 */
export interface Condition<Options extends z.ZodType = z.ZodType> {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly options: Options;
  readonly load?: () => Promise<Extractor<z.output<Options>>>;
}
