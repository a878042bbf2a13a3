import { describe, expect, test } from 'vitest';
import { compile } from '../../src/graph/compiler/index.ts';
import { Graph } from '../../src/graph/builder/graph.ts';
import { readModel } from './emitted/read-model.ts';
import { runOnce } from './golden-model.ts';

const network = (sizes: Readonly<Record<string, number>> = {}): Graph =>
  new Graph('test', { config: null, weights: new Map(), weightsFolder: '' }, { sizes });

test('weights are counted once, whatever their parts and however often they are read', () => {
  const ref = (shape: readonly number[]) =>
    ({ file: 'x.safetensors', dtype: 'F32', shape, byteOffset: 0, byteLength: 4 * shape[0]! }) as const;
  const weights = new Map([
    ['a', ref([6])],
    ['b', ref([4])],
    ['unused', ref([9])],
  ]);
  const graph = new Graph('test', { config: null, weights, weightsFolder: '/models' }, { everyStep: true });
  const [x, b] = [graph.input('x', 'float32', [2]), graph.weight('b', [4])];
  expect(graph.weight('b', [4])).toBe(b);
  const sum = graph.weightParts('a', [6], 3).reduce((all, part) => graph.op('Add', [all, part]), x);
  graph.output('out', sum, [2]);
  expect(compile(graph)).toMatchObject({
    name: 'test',
    weightsFolder: '/models',
    everyStep: true,
    inputs: ['x'],
    outputs: ['out'],
    weights: ['b', 'a'],
    parameters: 10,
  });
});

describe('what is emitted', () => {
  test('is only what an output depends on', () => {
    const graph = network();
    const x = graph.input('x', 'float32', ['rows', 4]);
    const silent = graph.op('Gelu', [x]);
    graph.op('Silu', [silent]);
    graph.output('out', graph.op('QuickGelu', [x]), ['rows', 4]);
    expect(readModel(compile(graph).bytes).nodes.map(({ op }) => op)).toEqual(['QuickGelu', 'Identity']);
  });

  test('declares every input, read or not', () => {
    const graph = network();
    graph.input('unread', 'float32', ['rows', 4]);
    graph.output('out', graph.op('Gelu', [graph.input('x', 'float32', [2])]), [2]);
    expect(readModel(compile(graph).bytes).inputs.map(({ name }) => name)).toEqual(['unread', 'x']);
  });

  test('says fixed sizes as numbers, inside and out, and calls the others by their names', () => {
    const dims = (sizes: Readonly<Record<string, number>>) => {
      const graph = network(sizes);
      const x = graph.input('x', 'float32', ['rows', 4, 'height', 'width']);
      graph.output('out', graph.op('DoubleSize', [x]), ['rows', 4, 'out.height', 'out.width']);
      const { inputs, outputs } = readModel(compile(graph).bytes);
      return [...inputs, ...outputs].map((port) => port.dims);
    };
    expect(dims({ rows: 2, height: 3, width: 5 })).toEqual([
      [2, 4, 3, 5],
      [2, 4, 6, 10],
    ]);
    expect(dims({ height: 3 })).toEqual([
      ['rows', 4, 3, 'width'],
      ['rows', 4, 6, 'out.width'],
    ]);
  });

  test('holds equal constants once, and tells apart those that only begin alike', async () => {
    const graph = network();
    const x = graph.input('x', 'float32', [40]);
    const constant = (last: number) => graph.float(new Float32Array(40).fill(last, 39), [40]);
    const add = (last: number, to = x) => graph.op('Add', [to, constant(last)]);
    graph.output('one', add(1, add(1)), [40]);
    graph.output('two', add(2), [40]);
    const model = compile(graph);
    expect(readModel(model.bytes).tensors.length).toBe(2);
    const { one, two } = await runOnce(model, { x: { dims: [40], data: new Float32Array(40) } });
    expect([one?.data[38], one?.data[39], two?.data[39]]).toEqual([0, 2, 2]);
  });
});
