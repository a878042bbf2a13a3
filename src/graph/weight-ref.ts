/** Number formats of a safetensors file that a network can be built on. */
export const weightTypes = ['F32', 'F16', 'BF16', 'F8_E4M3', 'F8_E5M2'] as const;
export type WeightType = (typeof weightTypes)[number];

export function isWeightType(type: string): type is WeightType {
  return (weightTypes as readonly string[]).includes(type);
}

/** A tensor where it lies on disk: the graph points there, nothing is copied. */
export interface WeightRef extends StoredNumbers {
  /** What the file calls it, where that is another name. */
  readonly tensor?: string;
  readonly shape: readonly number[];
  /** Rows and columns lie the other way round in the file: `shape` is as the network asks for it. */
  readonly transposed?: true;
  /** One number by which all of its own are multiplied; absent where they are the weight. */
  readonly scale?: StoredNumbers;
}

/** Bytes of a file that are numbers. */
export interface StoredNumbers {
  /** Name of the file, relative to the folder of its network. */
  readonly file: string;
  readonly dtype: WeightType;
  /** From the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}
