import type { ElementType, EmittedName, Emitter } from './emitter.ts';
import type { Shape } from './size.ts';
import type { Binding, WeightExpression } from './weight.ts';

/** What flows through a graph: one of the results of a node. */
export interface Value extends ValueType {
  readonly node: Node;
  /** Which of the node's results it is. */
  readonly output: number;
}

export interface ValueType {
  readonly shape: Shape;
  readonly type: ElementType;
}

export type Node = InputNode | WeightNode | ConstantNode | Operation;

/** What whoever runs the network feeds it with. */
export interface InputNode {
  readonly kind: 'input';
  readonly name: string;
}

export interface WeightNode {
  readonly kind: 'weight';
  /** The name that diffusers or transformers gives it; a part of a weight has its number behind it. */
  readonly name: string;
  readonly expression: WeightExpression;
  readonly binding: Binding;
}

export interface ConstantNode {
  readonly kind: 'constant';
  readonly data: Float32Array;
}

/** An operator applied to values. */
export interface Operation {
  readonly kind: 'operation';
  /** The name of its row in the operator table. */
  readonly name: string;
  readonly operator: AnyOperator;
  readonly attributes: object;
  readonly inputs: readonly Value[];
  readonly results: readonly Value[];
}

/** A row of the operator table: a function of values, told apart from how any provider computes it. */
export interface Operator<Attributes extends object = object> {
  /** Shapes and types of the results. Throws RangeError for inputs that the operator does not take. */
  readonly infer: (inputs: readonly Value[], attributes: Attributes) => readonly ValueType[];
  /** How it is written where ONNX has that very operator. */
  readonly emit?: Emit<Attributes>;
  /** Whether it works on each vector along the last axis alone, so that the axes before it may be joined. */
  readonly rowwise?: true;
  /** Whether its result has the numbers of its first input as they lie, and needs no bytes of its own. */
  readonly view?: true;
}

/** An operator that ONNX has; the others are a lowering's to write. */
export interface OnnxOperator<Attributes extends object = object> extends Operator<Attributes> {
  readonly emit: Emit<Attributes>;
}

/** Writes an operation whose inputs are called `inputs`; gives what its results are called. */
export type Emit<Attributes extends object> = (
  to: Emitter,
  inputs: readonly EmittedName[],
  attributes: Attributes,
  operation: Operation,
) => EmittedName | readonly EmittedName[];

/** A row of whichever attributes: those beside it in an operation are its own. */
export type AnyOperator = Operator<never>;
