import type { z } from 'zod';
import type { Tensor } from '../../numeric/tensor.ts';

/** 8-bit RGB pixels, row by row, three bytes a pixel, no padding. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A picture or a map of which a part may be unknown. */
export interface MaskedImage extends RgbImage {
  /**
   * One byte a pixel: 1 where the picture is unknown and is to be drawn anew, else 0. The colours there mean nothing. Absent
   * where all of it is known.
   */
  readonly masked?: Uint8Array | undefined;
}

/** What an extractor gives back: the map that a ControlNet is fed, and remarks such as "no edges were found". */
export interface ConditionMap {
  readonly map: MaskedImage;
  readonly warnings: readonly string[];
  /**
   * Why the map shows nothing to steer by (no edges, nobody found), word for word one of `warnings`; a strict job fails
   * with it. Absent where the map shows something. A map of one single colour counts as blank without it.
   */
  readonly blank?: string | undefined;
  /** What was found, as JSON: keypoints of people, the legend of a segmentation. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface Extractor<Options> {
  extract(image: MaskedImage, options: Options, networks: AnnotatorSource): ConditionMap | Promise<ConditionMap>;
}

/** The networks that extractors may ask for. Kernels leave it alone. */
export interface AnnotatorSource {
  /**
   * A network by its id, loaded when it is first asked for and kept. `model_missing` where it has to be pulled first,
   * with the command that does.
   */
  annotator(id: string): Promise<Annotator>;
}

export interface Annotator {
  /** Names of the network's inputs and outputs, in its order. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** What the .json files say that came with a pulled network, by their names; empty for those of the package. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** All inputs by name, to all outputs by name, as float32. */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
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
  /**
   * Its pictures and maps say which part of them is to be drawn anew: what is transparent, and what a mask beside the picture
   * shows white. Other conditions lay transparency over a colour.
   */
  readonly masked?: true;
  /** Ids of the networks that an extraction with these options may ask for; absent where it needs none. */
  networks?(options: z.output<Options>): readonly string[];
  readonly load?: () => Promise<Extractor<z.output<Options>>>;
}
