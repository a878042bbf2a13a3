import { describe, expect, test } from 'vitest';
import { Graph } from '../../src/graph/builder/graph.ts';
import { Tape } from '../../src/graph/gradient/tape.ts';
import { writeLoss } from '../../src/graph/steps/step.ts';
import { move, optimizerOf } from '../../src/training/optimizer/optimizer.ts';
import { layOut, viewsOf } from '../../src/training/trained-arrays.ts';
import { openStep } from '../../src/training/training-step.ts';

const shape = [2, 1, 1, 2];

/** The loss of w x against 0: a row's is the mean of its squares. */
function productGraph(): Graph {
  const tape = new Tape(new Graph('product', { config: null, weights: new Map(), weightsFolder: '' }));
  const made = tape.op('Multiply', [tape.graph.input('sample', 'float32', shape), tape.train('w', shape)]);
  writeLoss(tape, made);
  return tape.graph;
}

test('a step adds up the gradients of its batches by their shares, and reads the weights as they are by then', async () => {
  const graph = productGraph();
  const arrays = layOut(graph, new Map([['w', shape]]));
  const weights = Float32Array.of(1, 2, 3, 4);
  const step = await openStep(graph, arrays, weights, { provider: 'cpu', deviceId: 0, threads: 1 });
  const feeds = (x: number) => ({
    sample: { dims: shape, data: new Float32Array(4).fill(x) },
    target: { dims: shape, data: new Float32Array(4) },
    weights: { dims: [2, 1], data: Float32Array.of(1, 0.5) },
  });
  const gradients = new Float32Array(4);
  // Rows: (1 + 4) / 2 and (9 + 16) / 2, of which the second counts half; a gradient is weight x 2 w x^2 / (2 numbers x 2 rows).
  expect((await step.run(feeds(1), gradients, 0.25)).mean).toBeCloseTo((2.5 + 0.5 * 12.5) / 2, 6);
  expect([...gradients]).toEqual([0.5, 1, 0.75, 1].map((value) => 0.25 * value));
  weights.fill(2);
  const { mean, rows } = await step.run(feeds(2), gradients, 0.5);
  expect(mean).toBeCloseTo((16 + 0.5 * 16) / 2, 6);
  expect([...rows]).toEqual([16, 16]);
  expect([...gradients]).toEqual([0.125 + 2, 0.25 + 2, 0.1875 + 1, 0.25 + 1]);
  await step.release();
});

describe('what is trained lies in one array', () => {
  test('by whole weights and by the parts that a graph takes', () => {
    const tape = new Tape(new Graph('parts', { config: null, weights: new Map(), weightsFolder: '' }));
    const [first, second] = [tape.train('w.0', [1, 2]), tape.train('w.1', [1, 2])];
    const sum = tape.op('Multiply', [first, second]);
    for (const [name, gradient] of tape.gradients(new Map([[sum, sum]]))) {
      tape.graph.output(`gradient.${name}`, gradient, [1, 2]);
    }
    const arrays = layOut(tape.graph, new Map([['w', [2, 2]]]));
    const views = viewsOf(arrays.fed, Float32Array.of(1, 2, 3, 4));
    expect([...(views.get('w.0')?.data ?? [])]).toEqual([1, 2]);
    expect([...(views.get('w.1')?.data ?? [])]).toEqual([3, 4]);
    expect(() => layOut(tape.graph, new Map([['w', [3, 2]]]))).toThrow('Expected 6 numbers that are trained');
    expect(() => layOut(tape.graph, new Map([['v', [2, 2]]]))).toThrow('Expected a weight for the trained input w.0');
  });
});

describe('the optimizer', () => {
  const step = { step: 1, learningRate: 0.1, decay: 0.999 };

  test('clips gradients, moves weights and lets a young average follow them fast', () => {
    const state = optimizerOf(Float32Array.of(1, 1), true);
    expect(move(state, Float32Array.of(3, 4), step)).toBe(5);
    // The first step of AdamW is the learning rate along the sign, whatever the length; 1e-3 of the weights decays.
    expect(state.weights[0]).toBeCloseTo(0.899, 6);
    expect(state.moments.first[0]).toBeCloseTo(0.1 * 0.6, 6);
    expect(state.averages?.[0]).toBeCloseTo((2 / 11) * 1 + (9 / 11) * 0.899, 6);
    move(state, Float32Array.of(0, 0), { ...step, step: 1_000_000 });
    expect(state.averages?.[0]).toBeCloseTo(
      0.999 * ((2 / 11) * 1 + (9 / 11) * 0.899) + 0.001 * (state.weights[0] ?? 0),
      6,
    );
  });

  test('moves nothing where a gradient is no number', () => {
    const state = optimizerOf(Float32Array.of(1), false);
    expect(move(state, Float32Array.of(Number.NaN), step)).toBeNaN();
    expect(move(state, Float32Array.of(Number.POSITIVE_INFINITY), step)).toBe(Number.POSITIVE_INFINITY);
    expect([...state.weights, ...state.moments.first]).toEqual([1, 0]);
    expect(state.averages).toBeNull();
  });
});
