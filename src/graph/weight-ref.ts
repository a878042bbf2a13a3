/** Number formats of a safetensors file that a network can be built on. */
export type WeightType = 'F32' | 'F16' | 'BF16';

/** A tensor where it lies on disk: the graph points there, nothing is copied. */
export interface WeightRef {
  /** Name of the file, relative to the folder of its network. */
  readonly file: string;
  /** What the file calls it, where that is another name. */
  readonly tensor?: string;
  readonly dtype: WeightType;
  readonly shape: readonly number[];
  /** Rows and columns lie the other way round in the file: `shape` is as the network asks for it. */
  readonly transposed?: true;
  /** From the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}
