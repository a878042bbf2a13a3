import type { z } from 'zod';
import type { Tensor } from '../../numeric/tensor.ts';
import type { Fidelity } from './fidelity.ts';
import type { CanvasPlacement } from './canvas-placement.ts';
import type { Check } from './inspect-map.ts';
import type { MaskedImage } from '../../pixels/rgb-image.ts';
import type { Size } from '../../numeric/size.ts';

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

/** A map as it was requested: the picture, and what is known of it as JSON. */
export type RequestedMap = Pick<ConditionMap, 'map' | 'data'>;

/**
 * Compares the map that was extracted from a drawn picture, with `options`, with the one that it was to obey. Both have one
 * size; what is masked in the requested map is left out.
 */
export type Measure = (
  drawn: ConditionMap,
  requested: RequestedMap,
  options: Readonly<Record<string, unknown>>,
) => Fidelity;

/** Structure that can be sent as data instead of a picture. */
export interface Structure<Schema extends z.ZodType = z.ZodType> {
  /** Field of a control's image that holds the data. */
  readonly kind: string;
  readonly schema: Schema;
  /** What the API description calls an image that is such data, and says of it. */
  readonly name: string;
  readonly description: string;
  /** Checks data that came as JSON; `invalid_request` with the path of the fault under `field`. */
  readonly parse: (json: unknown, field: string) => z.output<Schema>;
  /** What of the JSON is the data, where other tools wrap it in something; absent where nobody does. */
  readonly unwrap?: (json: unknown) => unknown;
  /** The size of the picture that the data belongs to; null where it does not say. */
  readonly canvas: (data: z.output<Schema>) => Size | null;
  /** The data with its canvas brought into a frame. */
  readonly place: (data: z.output<Schema>, canvas: Size, frame: CanvasPlacement) => z.output<Schema>;
  /** Brings the drawing in when it is first needed. It gives the map at any size. */
  readonly load: () => Promise<(data: z.output<Schema>, width: number, height: number) => ConditionMap>;
}

/**
 * A kind of structure that can steer a picture, and all that others have to know of it. `options` is the schema of the
 * extractor's options (every field has a default).
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
  /** Its ControlNets average their residuals over the picture. A config says so; of a single file nothing else can tell. */
  readonly pooled?: true;
  /** Which of the types of union ControlNets its maps are, counted from 0; absent where those have none for it. */
  readonly unionType?: number;
  /** What names of public ControlNets for it hold, in small letters with `_` between words; absent where there are none. */
  readonly publicNames?: RegExp;
  /** Ids of the networks that an extraction with these options may ask for; absent where it needs none. */
  networks?(options: z.output<Options>): readonly string[];
  /** Whether maps of photographs are made with these options; absent where they always are. */
  forPhotographs?(options: z.output<Options>): boolean;
  /**
   * Brings in what a mirrored map still needs: what its colours say of left and right is said of the other side. Absent where a mirrored
   * map is right as it is.
   */
  readonly swapSides?: () => Promise<(map: MaskedImage) => MaskedImage>;
  /** What is remarked on a ready-made map of it; absent where any picture may be one. */
  readonly checkMap?: Check;
  /** Absent where only pictures are taken. */
  readonly structure?: Structure;
  /** Brings in how pictures are compared with maps of it; or why they are not, as the end of a sentence. */
  readonly fidelity: (() => Promise<Measure>) | { readonly none: string };
  /** Brings the extractor in when it is first needed; absent where only ready-made maps are accepted. */
  readonly load?: () => Promise<Extractor<z.output<Options>>>;
}

/** Ties the type of `options` to what the extractor takes. */
export function condition<Options extends z.ZodType>(row: Condition<Options>): Condition<Options> {
  return Object.freeze(row);
}

/** Ties the type of the data to what the drawing takes. */
export function structure<Schema extends z.ZodType>(row: Structure<Schema>): Structure<Schema> {
  return Object.freeze(row);
}
