import { expect, test } from 'vitest';
import { Graph } from '../../../src/graph/builder/graph.ts';
import { compile } from '../../../src/graph/compiler/index.ts';
import { runOnce } from '../golden-model.ts';

test('half of an odd size is rounded up, and the means at its end are of what is there', async () => {
  const graph = new Graph('halving', { config: {}, weights: new Map(), weightsFolder: '' });
  const x = graph.input('x', 'float32', ['rows', 1, 'height', 'width']);
  graph.output('half', graph.op('HalveSize', [x]), ['rows', 1, 'half.height', 'half.width']);
  const data = Float32Array.of(0, 2, 4, 6, 5, 4, 6, 8, 10, 7, 1, 3, 5, 7, 9);
  const { half } = await runOnce(compile(graph), { x: { dims: [1, 1, 3, 5], data } });
  expect(half).toMatchObject({ dims: [1, 1, 2, 3], data: Float32Array.of(3, 7, 6, 2, 6, 9) });
});
