import type { ElementType, EmittedAttributes, EmittedName } from '../ir/emitter.ts';
import type { Place } from '../ir/weight.ts';

/** A network as nodes of ONNX (opset 21) and of onnxruntime's own (domain com.microsoft): what a model file holds. */
export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly initializers: readonly OnnxInitializer[];
  /** Each after those whose results it reads. */
  readonly nodes: readonly OnnxNode[];
}

export interface OnnxPort {
  readonly name: EmittedName;
  readonly type: ElementType;
  /** A name stands for a size that is known only when the network runs. */
  readonly dims: readonly (number | string)[];
}

export interface OnnxInitializer {
  readonly name: EmittedName;
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Its bytes, little-endian, or where they lie. */
  readonly data: Uint8Array | Place;
}

export interface OnnxNode {
  readonly opType: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly EmittedName[];
  readonly outputs: readonly EmittedName[];
  readonly attributes: EmittedAttributes;
}
