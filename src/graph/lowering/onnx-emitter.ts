import type { ElementType, EmittedAttributes, EmittedName, Emitter } from '../ir/emitter.ts';
import type { Place } from '../ir/weight.ts';
import { elementType } from '../onnx/messages.ts';
import type { OnnxGraph, OnnxInitializer, OnnxNode, OnnxPort } from '../onnx/onnx-graph.ts';

/** Collects the nodes of one network in the order in which they are written. */
export class OnnxEmitter implements Emitter {
  readonly #name: string;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<EmittedName, OnnxInitializer>();
  readonly #inputs: OnnxPort[] = [];
  readonly #outputs: OnnxPort[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  input(port: OnnxPort): EmittedName {
    this.#inputs.push(port);
    return port.name;
  }

  /** `value` under the name of an output of the network. */
  output(value: EmittedName, port: OnnxPort): void {
    const { name } = port;
    this.#nodes.push({ opType: 'Identity', domain: '', name, inputs: [value], outputs: [name], attributes: {} });
    this.#outputs.push(port);
  }

  op(opType: string, inputs: readonly EmittedName[], attributes: EmittedAttributes = {}): EmittedName {
    return this.#node('', opType, inputs, attributes, 1)[0] as EmittedName;
  }

  contrib(opType: string, inputs: readonly EmittedName[], attributes: EmittedAttributes = {}): EmittedName {
    return this.#node('com.microsoft', opType, inputs, attributes, 1)[0] as EmittedName;
  }

  several(
    opType: string,
    inputs: readonly EmittedName[],
    attributes: EmittedAttributes,
    count: number,
  ): readonly EmittedName[] {
    return this.#node('', opType, inputs, attributes, count);
  }

  cast(value: EmittedName, type: ElementType): EmittedName {
    return this.op('Cast', [value], { to: { int: elementType[type] } });
  }

  float(values: readonly number[] | Float32Array, dims: readonly number[]): EmittedName {
    return this.#constant('float32', bytesOf(Float32Array.from(values)), dims);
  }

  int64(values: readonly number[], dims: readonly number[] = [values.length]): EmittedName {
    return this.#constant('int64', bytesOf(BigInt64Array.from(values, BigInt)), dims);
  }

  int32(values: readonly number[], dims: readonly number[] = [values.length]): EmittedName {
    return this.#constant('int32', bytesOf(Int32Array.from(values)), dims);
  }

  /** A tensor that stays where it lies. */
  stored(name: EmittedName, type: ElementType, dims: readonly number[], data: Place): EmittedName {
    this.#initializers.set(name, { name, type, dims, data });
    return name;
  }

  /** Nodes that no output depends on are left out: an operation may write several results of which one is wanted. */
  finish(): OnnxGraph {
    const live = new Set(this.#outputs.map(({ name }) => name));
    const nodes = this.#nodes.toReversed().filter(({ inputs, outputs }) => {
      const wanted = outputs.some((output) => live.has(output));
      if (wanted) for (const input of inputs) live.add(input);
      return wanted;
    });
    return {
      name: this.#name,
      inputs: this.#inputs,
      outputs: this.#outputs,
      initializers: [...this.#initializers.values()].filter(({ name }) => live.has(name)),
      nodes: nodes.toReversed(),
    };
  }

  #node(
    domain: string,
    opType: string,
    inputs: readonly EmittedName[],
    attributes: EmittedAttributes,
    results: number,
  ): readonly EmittedName[] {
    const name = `${opType}.${this.#nodes.length}`;
    const outputs = results === 1 ? [name] : Array.from({ length: results }, (_, index) => `${name}.${index}`);
    this.#nodes.push({ opType, domain, name, inputs, outputs, attributes });
    return outputs;
  }

  /** Equal constants are one initializer. */
  #constant(type: ElementType, data: Uint8Array, dims: readonly number[]): EmittedName {
    const start = Buffer.from(data.subarray(0, 64)).toString('hex');
    const name = `constant.${type}.${dims.join('x')}.${start}.${data.length}`;
    const known = this.#initializers.get(name)?.data;
    if (known instanceof Uint8Array && Buffer.compare(known, data) === 0) return name;
    const unique = known === undefined ? name : `${name}.${this.#initializers.size}`;
    this.#initializers.set(unique, { name: unique, type, dims, data });
    return unique;
  }
}

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
