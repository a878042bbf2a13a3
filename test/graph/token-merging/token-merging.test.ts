import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Graph } from '../../../src/graph/builder/graph.ts';
import { buildUNet, compile, injectionPoints } from '../../../src/graph/compiler/index.ts';
import type { Tensor } from '../../../src/numeric/tensor.ts';
import { nothing } from '../../../src/pipeline/controls/residuals.ts';
import { openBaseCheckpoint } from '../../../src/weights/checkpoint.ts';
import { arraysOf, floats, maxAbsDifference, smallModelPath } from '../../support/golden.ts';
import { runOnce } from '../golden-model.ts';

const references = arraysOf(fileURLToPath(new URL('references.safetensors', import.meta.url)));
const cases = [...new Set([...references.keys()].map((name) => name.split('/').slice(0, 3).join('/')))];

/** As of test/golden/models. */
const tolerance = 5e-5;

describe('a UNet that merges tokens', () => {
  it.each(cases)('computes what torch does: %s', async (name) => {
    const [model = '', , share] = name.split('/');
    const { unet } = await openBaseCheckpoint(smallModelPath('models', model));
    const none = Object.fromEntries(injectionPoints(unet.config).map((_, point) => [`residual.${point}`, nothing]));
    const given = Object.fromEntries(
      [...references.keys()].flatMap((key): readonly (readonly [string, Tensor])[] => {
        const input = key.startsWith(`${name}/`) ? key.slice(name.length + 1) : 'out';
        return input === 'out' ? [] : [[input, { dims: references.get(key)!.dims, data: floats(references, key) }]];
      }),
    );
    const of = async (tokenMerging?: number): Promise<Float32Array> =>
      (await runOnce(buildUNet(unet, { tokenMerging }), { ...given, ...none }))['out']!.data;
    const expected = floats(references, `${name}/out`);
    expect(maxAbsDifference(await of(Number(share)), expected)).toBeLessThanOrEqual(tolerance);
    expect(maxAbsDifference(await of(), expected)).toBeGreaterThan(100 * tolerance);
  });
});

describe('merged tokens', () => {
  const merge = async (
    rows: readonly (readonly number[])[],
    [height, width]: readonly [number, number],
    share: number,
  ) => {
    const graph = new Graph('test', { config: null, weights: new Map(), weightsFolder: '' });
    const tokens = graph.input('tokens', 'float32', ['rows', 'length', 2]);
    const picture = graph.input('picture', 'float32', ['rows', 1, 'height', 'width']);
    const attributes = { thousandths: share * 1000 };
    const places = graph.op('MergePlaces', [tokens, picture], attributes);
    const merged = graph.op('MergeTokens', [tokens, places], attributes);
    graph.output('merged', merged, ['rows', 'fewer', 2]);
    graph.output('again', graph.op('UnmergeTokens', [merged, places]), ['rows', 'length', 2]);
    const count = height * width;
    return await runOnce(compile(graph), {
      tokens: { dims: [rows.length, count, 2], data: Float32Array.from(rows.flat()) },
      picture: { dims: [rows.length, 1, height, width], data: new Float32Array(rows.length * count) },
    });
  };
  /** A vector of that direction, in degrees, and length. */
  const at = (degrees: number, length = 1): readonly number[] => {
    const angle = (degrees * Math.PI) / 180;
    return [length * Math.cos(angle), length * Math.sin(angle)];
  };

  it('are the means of a destination and what is most like it; all of them get that', async () => {
    // 2x2 and a column that is left over: the first is the only destination, and of the others half as many go as there are tokens, the nearest.
    const tokens = [at(0), at(10), at(80), at(20, 2), at(40), at(60)].flat();
    const { merged, again } = await merge([tokens], [2, 3], 0.5);
    const mean = [0, 1].map((axis) => (at(0)[axis]! + at(10)[axis]! + at(20, 2)[axis]! + at(40)[axis]!) / 4);
    expect(merged!.dims).toEqual([1, 3, 2]);
    const expected = [mean, mean, at(80), mean, mean, at(60)].flat();
    for (const [i, value] of expected.entries()) expect(again!.data[i]).toBeCloseTo(value, 6);
  });

  it('are those of each row by itself', async () => {
    const rows = [1, 7].map((seed) => Array.from({ length: 2 * 5 * 6 }, (_, i) => Math.sin(seed * (i + 1) * 1.7)));
    const together = await merge(rows, [5, 6], 0.6);
    for (const [index, own] of rows.entries()) {
      const { again } = await merge([own], [5, 6], 0.6);
      const size = own.length;
      expect(together['again']!.data.slice(index * size, (index + 1) * size)).toEqual(again!.data);
    }
    expect(together['merged']!.dims).toEqual([2, 12, 2]);
  });
});
