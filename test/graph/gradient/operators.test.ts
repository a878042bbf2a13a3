import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Graph } from '../../../src/graph/builder/graph.ts';
import { type OperatorName, operators } from '../../../src/graph/builder/operators.ts';
import { compile } from '../../../src/graph/compiler/compile.ts';
import { gradientRules } from '../../../src/graph/gradient/rules.ts';
import { rewrites } from '../../../src/graph/gradient/rewrites.ts';
import { Tape } from '../../../src/graph/gradient/tape.ts';
import type { Operation, Value } from '../../../src/graph/ir/node.ts';
import { sizes } from '../../../src/graph/ir/operators/shapes.ts';
import type { Tensor } from '../../../src/numeric/tensor.ts';
import { arraysOf, floats, maxAbsDifference } from '../../support/golden.ts';
import { runOnce } from '../golden-model.ts';

interface Case {
  readonly name: string;
  readonly operator: OperatorName;
  readonly attributes: object;
  readonly inputs: number;
  /** Which inputs have a gradient. */
  readonly wanted: readonly number[];
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const cases = JSON.parse(readFileSync(here('operators.json'), 'utf8')) as readonly Case[];
const arrays = arraysOf(here('operators.safetensors'));
const tensor = (name: string): Tensor => ({ dims: arrays.get(name)?.dims ?? [], data: floats(arrays, name) });
const emptyPart = { config: null, weights: new Map(), weightsFolder: '' };

/** A network of one operation on inputs of these shapes; the case of a split reads its second result. */
function networkOf({ operator, attributes }: Case, shapes: readonly (readonly number[])[]): Graph {
  const network = new Graph('operator', emptyPart);
  const inputs = shapes.map((shape, index) => network.input(`input.${index}`, 'float32', shape));
  const results = network.again({ name: operator, attributes } as Operation, inputs);
  const result = results[results.length > 1 ? 1 : 0] as Value;
  network.output('result', result, sizes(result));
  return network;
}

/** float32 against float64: a few units in the last place of the largest number. */
function expectClose(what: string, actual: Tensor, expected: Tensor): void {
  expect(actual.dims, what).toEqual(expected.dims);
  const largest = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largest, what).toBeGreaterThan(0);
  expect(maxAbsDifference(actual.data, expected.data) / largest, what).toBeLessThan(3e-6);
}

describe('the gradient of an operator is that of torch in float64', () => {
  test.each(cases.map((one, number) => ({ ...one, number })))('$name', async ({ number, ...one }) => {
    const given = Array.from({ length: one.inputs }, (_, index) => tensor(`${number}/input.${index}`));
    const tape = new Tape(new Graph('gradient', emptyPart));
    const { graph } = tape;
    const values = given.map(({ dims }, index) =>
      one.wanted.includes(index) ? tape.train(`input.${index}`, dims) : graph.input(`input.${index}`, 'float32', dims),
    );
    const network = networkOf(
      one,
      given.map(({ dims }) => dims),
    );
    const named = Object.fromEntries(values.map((value, index) => [`input.${index}`, value]));
    const { result } = tape.inline(network, named, { prefix: '' });
    const seed = graph.input('seed', 'float32', sizes(result as Value));
    graph.output('result', result as Value, sizes(result as Value));
    const gradients = tape.gradients(new Map([[result as Value, seed]]));
    for (const [name, gradient] of gradients) graph.output(`gradient.${name}`, gradient, sizes(gradient));
    const outputs = await runOnce(compile(graph), {
      ...Object.fromEntries(given.map((value, index) => [`input.${index}`, value])),
      seed: tensor(`${number}/seed`),
    });
    expect([...gradients.keys()]).toEqual(one.wanted.map((index) => `input.${index}`));
    expectClose('result', outputs['result'] as Tensor, tensor(`${number}/result`));
    for (const index of one.wanted) {
      expectClose(
        `input ${index}`,
        outputs[`gradient.input.${index}`] as Tensor,
        tensor(`${number}/gradient.${index}`),
      );
    }
  });

  test('every rule is tried', () => {
    const tried = new Set<string>(cases.map(({ operator }) => operator));
    // What they are written as where a gradient flows: tried by the operators that are rewritten; and what test/graph/gradient/shared-map.test.ts tries.
    const kept = ['GroupNormKept', 'InShape', 'LayerNormKept'];
    expect(Object.keys(gradientRules).filter((name) => !tried.has(name))).toEqual(kept);
    expect(Object.keys(rewrites).filter((name) => !tried.has(name))).toEqual(['AddTo']);
    expect(Object.keys(gradientRules).filter((name) => !(name in operators))).toEqual([]);
  });
});

describe('a tape', () => {
  test('refuses an operator that no gradient is known of', () => {
    const tape = new Tape(new Graph('gradient', emptyPart));
    const x = tape.train('x', [2, 3]);
    const y = tape.op('Tanh', [x]);
    expect(() => tape.gradients(new Map([[y, y]]))).toThrow('Tanh: no gradient is known of it');
  });

  test('refuses a network of which an input is missing', () => {
    const tape = new Tape(new Graph('gradient', emptyPart));
    const network = networkOf({ ...(cases[0] as Case) }, [[2], [2]]);
    const given = { 'input.0': tape.train('x', [2]) };
    expect(() => tape.inline(network, given, { prefix: '' })).toThrow('Expected a value for the input input.1');
  });

  test('adds up the gradients of a value that is read twice, and leaves out what nothing depends on', async () => {
    const tape = new Tape(new Graph('gradient', emptyPart));
    const [x, other] = [tape.train('x', [3]), tape.train('other', [3])];
    tape.op('Affine', [other], { scale: 2, shift: 0 });
    const y = tape.op('Multiply', [x, tape.op('Affine', [x], { scale: 3, shift: 1 })]);
    const gradients = tape.gradients(new Map([[y, tape.graph.float(new Float32Array(3).fill(1), [3])]]));
    expect([...gradients.keys()]).toEqual(['x']);
    tape.graph.output('gradient', gradients.get('x') as Value, [3]);
    const fed = { dims: [3], data: new Float32Array([1, -2, 0.5]) };
    const outputs = await runOnce(compile(tape.graph), { x: fed, other: fed });
    // x (3 x + 1): 6 x + 1.
    expect([...(outputs['gradient']?.data ?? [])]).toEqual([7, -11, 4]);
  });
});
