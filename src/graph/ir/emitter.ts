/** Number formats of values. */
export type ElementType = 'float32' | 'float16' | 'bfloat16' | 'float8e4m3fn' | 'float8e5m2' | 'int32' | 'int64';

/** What a value is called once it is emitted. An empty string among the inputs of a node stands for one that is left out. */
export type EmittedName = string;

export type EmittedAttribute =
  | { readonly float: number }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | string;
export type EmittedAttributes = Readonly<Record<string, EmittedAttribute>>;

/** Takes in the nodes of ONNX (opset 21) that stand for operators. */
export interface Emitter {
  /** A node with one result. */
  op(opType: string, inputs: readonly EmittedName[], attributes?: EmittedAttributes): EmittedName;
  /** As `op`, for an operator of onnxruntime's own (domain com.microsoft). */
  contrib(opType: string, inputs: readonly EmittedName[], attributes?: EmittedAttributes): EmittedName;
  /** A node with `count` results. */
  several(
    opType: string,
    inputs: readonly EmittedName[],
    attributes: EmittedAttributes,
    count: number,
  ): readonly EmittedName[];
  /** A conversion of number format. */
  cast(value: EmittedName, type: ElementType): EmittedName;
  float(values: readonly number[] | Float32Array, dims: readonly number[]): EmittedName;
  int64(values: readonly number[], dims?: readonly number[]): EmittedName;
  int32(values: readonly number[], dims?: readonly number[]): EmittedName;
}
