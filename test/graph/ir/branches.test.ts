import { expect, test } from 'vitest';
import { compile } from '../../../src/graph/compiler/index.ts';
import { Graph } from '../../../src/graph/builder/graph.ts';
import { shapeText } from '../../../src/graph/ir/size.ts';
import { cpu } from '../../../src/graph/lowering/cpu/cpu.ts';
import type { Lowering } from '../../../src/graph/lowering/lowering.ts';
import { runOnce } from '../golden-model.ts';

const values = (dims: readonly number[], map: (index: number) => number) => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((all, size) => all * size, 1) }, (_, index) => map(index)),
});

/** What a branch of low rank is: two linear layers beside one, whose factors are fed and of a rank that is known only then. */
test('a branch beside a linear layer: its factors are inputs, of any rank', async () => {
  const graph = new Graph('test', { config: null, weights: new Map(), weightsFolder: '' });
  const x = graph.input('x', 'float32', ['rows', 'tokens', 2]);
  const weight = graph.input('weight', 'float32', [3, 2]);
  const down = graph.input('down', 'float32', ['rank', 2]);
  const up = graph.input('up', 'float32', [3, 'rank']);
  const narrow = graph.op('Linear', [x, down]);
  expect(shapeText(narrow.shape)).toBe('[rows, tokens, rank]');
  graph.output('out', graph.op('Add', [graph.op('Linear', [x, weight]), graph.op('Linear', [narrow, up])]), [
    'rows',
    'tokens',
    3,
  ]);
  const model = compile(graph);
  for (const rank of [1, 4]) {
    const { out } = await runOnce(model, {
      x: values([1, 2, 2], (i) => i + 1),
      weight: values([3, 2], () => 1),
      down: values([rank, 2], () => 1),
      up: values([3, rank], () => 10),
    });
    // x1 + x2 of the layer, and of the branch 10 times that for each rank.
    expect(out).toEqual(values([1, 2, 3], (i) => (i < 3 ? 3 : 7) * (1 + 10 * rank)));
  }
});

test('a lowering that leaves an operator out does not compile', () => {
  const { GroupNorm: _, ...others } = cpu;
  // @ts-expect-error ONNX has no GroupNorm that is quick on a CPU: each lowering has to say how it is computed.
  const lowering: Lowering = others;
  expect(lowering.Linear).toBe(cpu.Linear);
});
