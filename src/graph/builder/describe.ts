import type { Graph } from './graph.ts';
import type { Operation, Value } from '../ir/node.ts';
import { evaluate, shapeText } from '../ir/size.ts';
import { storedType } from '../ir/weight.ts';

/** A graph for people to read: lines of cells, in the order of the nodes. */
export interface GraphText {
  /** How many weights there are, and how they come in: `5318052 weights (F16, folded at load)`. */
  readonly weights: string;
  /** Name, type, shape. */
  readonly inputs: readonly Line[];
  /** Number, operator, what it is applied to, shape of the first result, attributes, layer with its weights. */
  readonly operations: readonly Line[];
  /** Name, what it is, shape. */
  readonly outputs: readonly Line[];
}

type Line = readonly string[];

export function describeGraph(graph: Graph): GraphText {
  const numbers = new Map(graph.operations.map((operation, index) => [operation, index + 1]));
  const nameOf = ({ node, output, shape }: Value): string => {
    if (node.kind === 'input') return node.name;
    if (node.kind === 'constant') return `constant ${shapeText(shape)}`;
    if (node.kind === 'weight') return node.name;
    return `%${numbers.get(node)}${node.results.length > 1 ? `.${output}` : ''}`;
  };
  return {
    weights: weightsText(graph),
    inputs: graph.inputs.map(({ name, value: { type, shape } }) => [name, type, shapeText(shape)]),
    operations: graph.operations.map((operation, index) => {
      const operands = operation.inputs.filter(({ node }) => node.kind !== 'weight');
      return [
        `%${index + 1}`,
        operation.name,
        operands.map(nameOf).join(', '),
        shapeText(operation.results[0]?.shape ?? []),
        attributesText(operation.attributes),
        layersText(operation),
      ];
    }),
    outputs: graph.outputs.map(({ name, value }) => [name, nameOf(value), shapeText(value.shape)]),
  };
}

function weightsText({ weights }: Graph): string {
  let count = 0;
  const ways = new Set<string>();
  for (const { node, shape } of weights) {
    if (node.kind !== 'weight') continue;
    count += shape.reduce<number>((all, size) => all * evaluate(size, {}), 1);
    ways.add(`${storedType(node.expression)}, ${node.binding}`);
  }
  return `${count} weights (${[...ways].join('; ')})`;
}

/** `conv_in: weight, bias`: the layer, and which of its weights. */
function layersText({ inputs }: Operation): string {
  const layers = new Map<string, string[]>();
  for (const { node } of inputs) {
    if (node.kind !== 'weight') continue;
    const [, layer = '', weight = ''] = /^(.*?)\.((?:weight|bias)(?:\.\d+)?)$/.exec(node.name) ?? [];
    layers.set(layer, [...(layers.get(layer) ?? []), weight]);
  }
  return [...layers].map(([layer, names]) => `${layer}: ${names.join(', ')}`).join('; ');
}

function attributesText(attributes: object): string {
  return Object.entries(attributes)
    .map(([name, value]: [string, unknown]) => `${name} ${valueText(value)}`)
    .join(', ');
}

function valueText(value: unknown): string {
  if (value instanceof Float32Array) return `${value.length} numbers`;
  return Array.isArray(value) ? value.join(' ') : String(value);
}
