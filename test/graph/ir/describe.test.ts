import { expect, test } from 'vitest';
import { describeGraph } from '../../../src/graph/builder/describe.ts';
import { Graph } from '../../../src/graph/builder/graph.ts';
import type { WeightRef } from '../../../src/graph/weights.ts';

const ref = (shape: readonly number[], dtype: WeightRef['dtype'] = 'F16'): WeightRef => ({
  file: 'model.safetensors',
  dtype,
  shape,
  byteOffset: 0,
  byteLength: 2 * shape.reduce((all, size) => all * size, 1),
});

test('a graph as text: every operation with its operands, shape, settings and layer', () => {
  const weights = new Map([
    ['norm.weight', ref([4], 'F32')],
    ['norm.bias', ref([4], 'F32')],
    ['proj.weight', ref([4, 4])],
  ]);
  const graph = new Graph('test', { config: null, weights, weightsFolder: '' });
  const x = graph.input('x', 'float32', ['rows', 'tokens', 4]);
  const norms = ['norm.weight', 'norm.bias'].map((name) => graph.weight(name, [4]));
  const normed = graph.op('LayerNorm', [x, ...norms], { epsilon: 0.5 });
  const [first, second] = graph
    .weightParts('proj.weight', [4, 4], 2)
    .map((weight) => graph.op('Linear', [normed, weight]));
  if (first === undefined || second === undefined) throw new Error('Expected two parts');
  const gated = graph.op('GEGLU', [first, second]);
  const shifted = graph.op('Add', [gated, graph.float(Float32Array.of(1, 2), [2])]);
  graph.output('out', shifted, ['rows', 'tokens', 2]);
  expect(describeGraph(graph)).toEqual({
    weights: '24 weights (F32, in its file; F16, folded at load)',
    inputs: [['x', 'float32', '[rows, tokens, 4]']],
    operations: [
      ['%1', 'LayerNorm', 'x', '[rows, tokens, 4]', 'epsilon 0.5', 'norm: weight, bias'],
      ['%2', 'Linear', '%1', '[rows, tokens, 2]', '', 'proj: weight.0'],
      ['%3', 'Linear', '%1', '[rows, tokens, 2]', '', 'proj: weight.1'],
      ['%4', 'GEGLU', '%2, %3', '[rows, tokens, 2]', '', ''],
      ['%5', 'Add', '%4, constant [2]', '[rows, tokens, 2]', '', ''],
    ],
    outputs: [['out', '%5', '[rows, tokens, 2]']],
  });
});
