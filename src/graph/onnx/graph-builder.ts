import { ArmatureError } from '../../errors.ts';
import { elementCount } from '../../numeric/tensor.ts';
import type { NetworkPart, WeightRef, WeightType, Weights } from '../weights.ts';
import {
  type AttributeMessage,
  type ElementType,
  elementType,
  encodeModel,
  type NodeMessage,
  type TensorMessage,
  type ValueMessage,
} from './messages.ts';

/** A tensor that flows through the graph, known by its name. */
export type Value = string;

/** A fixed size, or the name of a size that is known only when the network runs. */
export type Dim = number | string;

export type Attributes = Readonly<Record<string, AttributeValue>>;
type AttributeValue =
  | { readonly float: number }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | string;

/** A network as an ONNX model whose weights stay where they are. */
export interface OnnxModel {
  /** What messages call the network. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The folder that the model's external data are relative to. */
  readonly weightsFolder: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Names of the weights that the network uses. */
  readonly weights: readonly string[];
  /** Number of weights that the network uses. */
  readonly parameters: number;
  /** Whether the network runs at every step rather than once a picture. */
  readonly everyStep: boolean;
}

const weightElement: Record<WeightType, ElementType> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/** Collects the nodes of one network. Operators are those of ONNX opset 21 and, with `contrib`, of onnxruntime. */
export class GraphBuilder {
  readonly #name: string;
  readonly #everyStep: boolean;
  readonly #weights: Weights;
  readonly #weightsFolder: string;
  readonly #nodes: NodeMessage[] = [];
  readonly #initializers = new Map<string, TensorMessage>();
  readonly #inputs: ValueMessage[] = [];
  readonly #outputs: ValueMessage[] = [];
  readonly #floats = new Map<string, Value>();
  readonly #used = new Set<string>();
  #parameters = 0;

  /** `name` is what messages call the network. */
  constructor(name: string, part: NetworkPart<unknown>, { everyStep = false }: { readonly everyStep?: boolean } = {}) {
    this.#name = name;
    this.#everyStep = everyStep;
    this.#weights = part.weights;
    this.#weightsFolder = part.weightsFolder;
  }

  input(name: string, type: ElementType, dims: readonly Dim[]): Value {
    this.#inputs.push(valueMessage(name, type, dims));
    return name;
  }

  output(name: string, value: Value, dims: readonly Dim[]): void {
    this.#nodes.push({ opType: 'Identity', domain: '', name, input: [value], output: [name], attribute: [] });
    this.#outputs.push(valueMessage(name, 'float32', dims));
  }

  /** Adds a node with one result. An empty string among the inputs stands for an input that is left out. */
  op(opType: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    return this.#node('', opType, inputs, attributes, 1)[0] as Value;
  }

  /** As `op`, for an operator of onnxruntime's own (domain com.microsoft). */
  contrib(opType: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    return this.#node('com.microsoft', opType, inputs, attributes, 1)[0] as Value;
  }

  split(value: Value, axis: number, count: number): readonly Value[] {
    return this.#node('', 'Split', [value], { axis: { int: axis }, num_outputs: { int: count } }, count);
  }

  /** A weight as float32. `shape` is what the architecture asks for; a 1x1 convolution may stand for a matrix. */
  weight(name: string, shape: readonly number[]): Value {
    return this.#asFloat(name, this.#find(name, shape), shape);
  }

  /** `count` equal parts of a weight along its first axis, as float32: they are neighbours on disk. */
  weightParts(name: string, shape: readonly number[], count: number): readonly Value[] {
    const ref = this.#find(name, shape);
    const [rows = 0, ...rest] = shape;
    const byteLength = ref.byteLength / count;
    return Array.from({ length: count }, (_, index) => {
      const part = {
        ...ref,
        shape: [rows / count, ...rest],
        byteOffset: ref.byteOffset + index * byteLength,
        byteLength,
      };
      return this.#asFloat(`${name}.${index}`, part, part.shape);
    });
  }

  /** A weight in the number format of its file. */
  storedWeight(name: string, shape: readonly number[]): Value {
    return this.#initializer(name, this.#find(name, shape), shape);
  }

  float(values: readonly number[] | Float32Array, dims: readonly number[]): Value {
    return this.#constant('float32', bytesOf(Float32Array.from(values)), dims);
  }

  int64(values: readonly number[], dims: readonly number[] = [values.length]): Value {
    return this.#constant('int64', bytesOf(BigInt64Array.from(values, BigInt)), dims);
  }

  int32(values: readonly number[], dims: readonly number[] = [values.length]): Value {
    return this.#constant('int32', bytesOf(Int32Array.from(values)), dims);
  }

  build(): OnnxModel {
    const encode = (): Uint8Array =>
      encodeModel({
        name: this.#name,
        node: this.#nodes,
        initializer: [...this.#initializers.values()],
        input: this.#inputs,
        output: this.#outputs,
      });
    let bytes: Uint8Array | undefined;
    return {
      name: this.#name,
      // Whoever only asks whether all weights are there has no use for them.
      get bytes() {
        bytes ??= encode();
        return bytes;
      },
      weightsFolder: this.#weightsFolder,
      inputs: this.#inputs.map((value) => value.name),
      outputs: this.#outputs.map((value) => value.name),
      weights: [...this.#used],
      parameters: this.#parameters,
      everyStep: this.#everyStep,
    };
  }

  #find(name: string, shape: readonly number[]): WeightRef {
    const ref = this.#weights.get(name);
    const expected = `[${shape.join(', ')}] for weight ${name} of the ${this.#name}`;
    if (ref === undefined) {
      throw new ArmatureError('model_invalid', `Expected shape ${expected} but the model has no such weight.`);
    }
    if (!sameMatrix(ref.shape, shape)) {
      const received = `${ref.file} has [${ref.shape.join(', ')}]`;
      throw new ArmatureError('model_invalid', `Expected shape ${expected} but ${received}.`);
    }
    this.#used.add(name);
    return ref;
  }

  /** onnxruntime folds the cast when it loads the model. */
  #asFloat(name: string, ref: WeightRef, shape: readonly number[]): Value {
    const known = this.#floats.get(name);
    if (known !== undefined) return known;
    const stored = this.#initializer(name, ref, shape);
    const value = ref.dtype === 'F32' ? stored : this.op('Cast', [stored], toFloat32);
    this.#floats.set(name, value);
    return value;
  }

  #initializer(name: string, ref: WeightRef, dims: readonly number[]): Value {
    if (this.#initializers.has(name)) return name;
    this.#parameters += elementCount(dims);
    const externalData = [
      { key: 'location', value: ref.file },
      { key: 'offset', value: String(ref.byteOffset) },
      { key: 'length', value: String(ref.byteLength) },
    ];
    const dataType = elementType[weightElement[ref.dtype]];
    this.#initializers.set(name, { name, dims, dataType, dataLocation: 1, externalData });
    return name;
  }

  #node(domain: string, opType: string, inputs: readonly Value[], attributes: Attributes, results: number): Value[] {
    const name = `${opType}.${this.#nodes.length}`;
    const output = results === 1 ? [name] : Array.from({ length: results }, (_, index) => `${name}.${index}`);
    const attribute = Object.entries(attributes).map(([key, value]) => attributeMessage(key, value));
    this.#nodes.push({ opType, domain, name, input: inputs, output, attribute });
    return output;
  }

  #constant(type: ElementType, rawData: Uint8Array, dims: readonly number[]): Value {
    const name = `constant.${type}.${dims.join('x')}.${Buffer.from(rawData.subarray(0, 64)).toString('hex')}.${rawData.length}`;
    const known = this.#initializers.get(name);
    if (known !== undefined && Buffer.compare(known.rawData as Uint8Array, rawData) === 0) return name;
    const unique = known === undefined ? name : `${name}.${this.#initializers.size}`;
    this.#initializers.set(unique, { name: unique, dims, dataType: elementType[type], rawData });
    return unique;
  }
}

export const toFloat32: Attributes = { to: { int: elementType.float32 } };

function valueMessage(name: string, type: ElementType, dims: readonly Dim[]): ValueMessage {
  const dim = dims.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: elementType[type], shape: { dim } } } };
}

/** AttributeProto.AttributeType: FLOAT 1, INT 2, STRING 3, INTS 7. */
function attributeMessage(name: string, value: AttributeValue): AttributeMessage {
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: 1, f: value.float };
  if ('int' in value) return { name, type: 2, i: value.int };
  return { name, type: 7, ints: value.ints };
}

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Shapes that are equal once the trailing 1s of 1x1 convolutions are dropped: the bytes are the same. */
function sameMatrix(stored: readonly number[], wanted: readonly number[]): boolean {
  return withoutKernel(stored).join() === withoutKernel(wanted).join();
}

function withoutKernel(shape: readonly number[]): readonly number[] {
  return shape.length === 4 && shape[2] === 1 && shape[3] === 1 ? shape.slice(0, 2) : shape;
}
