import type { Graph } from '../builder/graph.ts';
import type { AttributesOf, OperatorName } from '../builder/operators.ts';
import type { Node, Operation, Value } from '../ir/node.ts';
import { liveOperations } from '../lowering/live-operations.ts';
import { rewrites } from './rewrites.ts';
import type { GradientRule } from './rules/rule.ts';
import { gradientRules } from './rules.ts';

export interface InlineOptions {
  /** Stands before the names of the network's weights, which other networks may have too. */
  readonly prefix: string;
  /** Which weights are trained, by name: they become inputs of the graph, `<prefix><name>`. None where not told. */
  readonly trained?: (name: string) => boolean;
}

/**
 * Writes a graph and the gradients of what is trained in it (reverse mode). All sizes are numbers. Networks are written into it one after
 * another, the outputs of one as inputs of the next; gradients are operations of the same graph, and are lowered like all others.
 */
export class Tape {
  readonly graph: Graph;
  /** Values that depend on what is trained. */
  readonly #wanted = new Set<Value>();
  readonly #trained = new Map<string, Value>();
  readonly #recorded: Operation[] = [];

  constructor(graph: Graph) {
    this.graph = graph;
  }

  /** Inputs of the graph that are trained, by name. */
  get trained(): ReadonlyMap<string, Value> {
    return this.#trained;
  }

  /** An input whose gradient will be asked for. */
  train(name: string, shape: readonly number[]): Value {
    const value = this.graph.input(name, 'float32', shape);
    this.#trained.set(name, value);
    this.#wanted.add(value);
    return value;
  }

  op<Name extends OperatorName>(
    name: Name,
    inputs: readonly Value[],
    ...rest: object extends AttributesOf<Name> ? [] : [attributes: AttributesOf<Name>]
  ): Value {
    return this.several(name, inputs, ...rest)[0] as Value;
  }

  several<Name extends OperatorName>(
    name: Name,
    inputs: readonly Value[],
    ...rest: object extends AttributesOf<Name> ? [] : [attributes: AttributesOf<Name>]
  ): readonly Value[] {
    return this.#record(this.graph.several(name, inputs, ...rest));
  }

  /** Writes a network whose inputs are `given`; gives its outputs. Throws RangeError for an input that is not given. */
  inline(
    network: Graph,
    given: Readonly<Record<string, Value>>,
    { prefix, trained = () => false }: InlineOptions,
  ): Readonly<Record<string, Value>> {
    const written = new Map<Value, Value>();
    for (const { name, value } of network.inputs) {
      const known = given[name];
      if (known !== undefined) written.set(value, known);
    }
    const of = (value: Value): Value => {
      const known = written.get(value) ?? this.#source(value, prefix, trained);
      written.set(value, known);
      return known;
    };
    for (const operation of liveOperations(network)) {
      const results = this.#again(operation, operation.inputs.map(of));
      operation.results.forEach((result, index) => written.set(result, results[index] as Value));
    }
    return Object.fromEntries(network.outputs.map(({ name, value }) => [name, of(value)]));
  }

  /**
   * Writes the gradients of every trained input, by name, where `seeds` holds the gradients of the values that a loss is made of. Throws
   * RangeError for an operation through which no gradient is known to flow.
   */
  gradients(seeds: ReadonlyMap<Value, Value>): ReadonlyMap<string, Value> {
    const gradients = new Map(seeds);
    for (const operation of this.#recorded.toReversed()) {
      const ofResults = operation.results.map((result) => gradients.get(result));
      if (ofResults.every((gradient) => gradient === undefined)) continue;
      const { inputs, results, attributes, name } = operation;
      const rule = gradientRules[name as OperatorName] as GradientRule | undefined;
      if (rule === undefined) throw new RangeError(`${name}: no gradient is known of it`);
      const ofInputs = rule(this.graph, { inputs, results, attributes, gradients: ofResults });
      inputs.forEach((input, index) => {
        const more = ofInputs[index];
        if (!this.#wanted.has(input) || more === null) return;
        if (more === undefined) throw new RangeError(`${name}: no gradient is known of its input ${index}`);
        const known = gradients.get(input);
        gradients.set(input, known === undefined ? more : this.graph.op('Add', [known, more]));
      });
    }
    return new Map(
      [...this.#trained].flatMap(([name, value]) => {
        const gradient = gradients.get(value);
        return gradient === undefined ? [] : [[name, gradient] as const];
      }),
    );
  }

  /** The operation on other inputs, in the way that keeps what its gradient needs where one flows through it. */
  #again(operation: Operation, inputs: readonly Value[]): readonly Value[] {
    const rewrite = rewrites[operation.name as OperatorName];
    const wanted = inputs.some((input) => this.#wanted.has(input));
    if (rewrite !== undefined && wanted) return rewrite(this, inputs, operation);
    return this.#record(this.graph.again(operation, inputs));
  }

  #record(results: readonly Value[]): readonly Value[] {
    const operation = (results[0] as Value).node as Operation;
    if (operation.inputs.some((input) => this.#wanted.has(input))) {
      this.#recorded.push(operation);
      for (const result of results) this.#wanted.add(result);
    }
    return results;
  }

  /** A value of a network that no operation of it makes. */
  #source(value: Value, prefix: string, trained: (name: string) => boolean): Value {
    const node: Node = value.node;
    if (node.kind === 'input') throw new RangeError(`Expected a value for the input ${node.name}`);
    if (node.kind === 'operation') throw new RangeError(`Expected ${node.name} before those that read it`);
    if (node.kind === 'constant') return value;
    const name = `${prefix}${node.name}`;
    return trained(node.name) ? this.train(name, value.shape as readonly number[]) : this.graph.weightAs(name, value);
  }
}
