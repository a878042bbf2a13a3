import type { NetworkPart } from '../weights.ts';
import type { ElementType } from '../ir/emitter.ts';
import type { AnyOperator, InputNode, Node, Operation, Operator, Value, ValueType } from '../ir/node.ts';
import { type AttributesOf, type OperatorName, operators } from './operators.ts';
import type { Tiling } from '../../numeric/wrap.ts';
import { named, sameSize, type Shape, shapeText, type Size } from '../ir/size.ts';
import { type Binding, elementTypeOf, placeOf, storedWeight, type WeightExpression } from '../ir/weight.ts';

/** A fixed size, or the name of one that is known only when the network runs, unless the graph is told it. */
export type Dim = number | string;

export interface NetworkOptions {
  /** Sizes that are fixed, by the names that inputs give them, such as {rows: 2, height: 64, width: 64, tokens: 77}. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** Along which axes what it works on goes on at its other edge; absent: along none. */
  readonly tiling?: Tiling | undefined;
}

export interface GraphOptions extends NetworkOptions {
  /** Whether the network runs at every step rather than once a picture. */
  readonly everyStep?: boolean;
  /** Which layers have a branch of low rank beside them, by name; none where not told. */
  readonly branches?: ((layer: string) => boolean) | undefined;
}

export interface GraphInput {
  readonly name: string;
  readonly value: Value;
}

export interface GraphOutput extends GraphInput {
  /** What sizes that are not fixed are called to the outside. */
  readonly dims: readonly Dim[];
}

/**
 * One network while layers write it, and once they have: values, each made by a node from values before it. How a provider computes
 * it is a lowering's affair.
 */
export class Graph {
  /** What messages call the network. */
  readonly name: string;
  readonly everyStep: boolean;
  readonly tiling: Tiling | null;
  readonly weightsFolder: string;
  readonly #inputs: GraphInput[] = [];
  readonly #outputs: GraphOutput[] = [];
  readonly #operations: Operation[] = [];
  readonly #part: NetworkPart<unknown>;
  readonly #sizes: Readonly<Record<string, number>>;
  readonly #branches: (layer: string) => boolean;
  readonly #weights = new Map<string, Value>();
  readonly #used = new Set<string>();

  constructor(
    name: string,
    part: NetworkPart<unknown>,
    { everyStep = false, sizes = {}, branches = () => false, tiling }: GraphOptions = {},
  ) {
    this.name = name;
    this.everyStep = everyStep;
    this.tiling = tiling ?? null;
    this.weightsFolder = part.weightsFolder;
    this.#part = part;
    this.#sizes = sizes;
    this.#branches = branches;
  }

  get inputs(): readonly GraphInput[] {
    return this.#inputs;
  }

  get outputs(): readonly GraphOutput[] {
    return this.#outputs;
  }

  /** Each after those that make its inputs. */
  get operations(): readonly Operation[] {
    return this.#operations;
  }

  /** The weights of the network, once each. */
  get weights(): readonly Value[] {
    return [...this.#weights.values()];
  }

  /** Names of the stored weights that the network uses. */
  get usedWeights(): readonly string[] {
    return [...this.#used];
  }

  hasBranch(layer: string): boolean {
    return this.#branches(layer);
  }

  input(name: string, type: ElementType, dims: readonly (Dim | Size)[]): Value {
    const shape = dims.map((dim): Size => (typeof dim === 'string' ? (this.#sizes[dim] ?? named(dim)) : dim));
    const node: InputNode = { kind: 'input', name };
    const value = valueOf(node, { shape, type });
    this.#inputs.push({ name, value });
    return value;
  }

  /** `dims` says again what the shape is, and what its sizes are called where they are not fixed. */
  output(name: string, value: Value, dims: readonly Dim[]): void {
    const same =
      dims.length === value.shape.length &&
      dims.every((dim, axis) => typeof dim === 'string' || sameSize(dim, value.shape[axis] as Size));
    if (!same) {
      throw new RangeError(`Expected [${dims.join(', ')}] of output ${name} but it is ${shapeText(value.shape)}`);
    }
    this.#outputs.push({ name, value, dims });
  }

  /** An operation with one result. */
  op<Name extends OperatorName>(name: Name, inputs: readonly Value[], ...rest: Rest<Name>): Value {
    return this.#operation(name, inputs, rest[0] ?? {})[0] as Value;
  }

  /** An operation with several results. */
  several<Name extends OperatorName>(name: Name, inputs: readonly Value[], ...rest: Rest<Name>): readonly Value[] {
    return this.#operation(name, inputs, rest[0] ?? {});
  }

  /** The same operation on other values. */
  again({ name, attributes }: Operation, inputs: readonly Value[]): readonly Value[] {
    return this.#operation(name as OperatorName, inputs, attributes);
  }

  /** A weight of another network under a name of its own; its file is relative to the folder of this one. */
  weightAs(name: string, { node, shape, type }: Value): Value {
    const known = this.#weights.get(name);
    if (known !== undefined) return known;
    if (node.kind !== 'weight') throw new RangeError(`Expected a weight but received an ${node.kind}`);
    const value = valueOf({ ...node, name }, { shape, type });
    this.#weights.set(name, value);
    this.#used.add(name);
    return value;
  }

  /** A weight as float32. `shape` is what the architecture asks for; a 1x1 convolution may stand for a matrix. */
  weight(name: string, shape: readonly number[]): Value {
    return this.#weight(name, shape, () => this.#stored(name, shape));
  }

  /** `count` equal parts of a weight along its first axis, as float32: they are neighbours on disk. */
  weightParts(name: string, shape: readonly number[], count: number): readonly Value[] {
    const of = this.#stored(name, shape);
    const [rows = 0, ...rest] = shape;
    return Array.from({ length: count }, (_, index) =>
      this.#weight(`${name}.${index}`, [rows / count, ...rest], () => ({ kind: 'part', of, index, count })),
    );
  }

  /** A weight in the number format of its file, unless that has 8 bits: those are nothing to work with. */
  storedWeight(name: string, shape: readonly number[]): Value {
    const expression = this.#stored(name, shape);
    const type = elementTypeOf(expression);
    return this.#weight(name, shape, () => expression, type.startsWith('float8') ? 'float32' : type);
  }

  float(data: Float32Array, shape: Shape): Value {
    return valueOf({ kind: 'constant', data }, { shape, type: 'float32' });
  }

  #operation(name: OperatorName, inputs: readonly Value[], attributes: object): readonly Value[] {
    const operator: AnyOperator = operators[name];
    const results: Value[] = [];
    const operation: Operation = { kind: 'operation', name, operator, attributes, inputs, results };
    const inferred = inferredBy(operation);
    results.push(...inferred.map((type, output) => valueOf(operation, type, output)));
    this.#operations.push(operation);
    return results;
  }

  #stored(name: string, shape: readonly number[]): WeightExpression {
    const expression = storedWeight(this.#part.weights, this.name, name, shape);
    this.#used.add(name);
    const deltas = this.#part.deltas?.get(name) ?? [];
    return deltas.length === 0 ? expression : { kind: 'merged', of: expression, shape, deltas };
  }

  #weight(name: string, shape: readonly number[], make: () => WeightExpression, type: ElementType = 'float32'): Value {
    const known = this.#weights.get(name);
    if (known !== undefined) return known;
    const expression = make();
    const isRead = placeOf(expression) !== null && elementTypeOf(expression) === type;
    const binding: Binding = isRead ? 'in its file' : 'folded at load';
    const value = valueOf({ kind: 'weight', name, expression, binding }, { shape, type });
    this.#weights.set(name, value);
    return value;
  }
}

/** Attributes where the operator has any. */
type Rest<Name extends OperatorName> = object extends AttributesOf<Name> ? [] : [attributes: AttributesOf<Name>];

function valueOf(node: Node, type: ValueType, output = 0): Value {
  return { node, output, ...type };
}

/** An operation's attributes are those that its operator takes: `op` takes no others. */
function inferredBy({ name, operator, inputs, attributes }: Operation): readonly ValueType[] {
  try {
    return (operator as Operator).infer(inputs, attributes);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new RangeError(`${name}: ${cause.message}`, { cause });
  }
}
