import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TorchGenerator } from '../../src/numeric/torch-generator.ts';
import { goldenArrays, goldenJson, maxAbsDifference, type GoldenArray } from '../support/golden.ts';

interface Facts {
  readonly successive_shapes: readonly (readonly number[])[];
  readonly randn_tensor_lists: readonly { readonly seeds: readonly number[]; readonly shape: readonly number[] }[];
}

const arrays = goldenArrays('rng', 'torch_cpu.safetensors');
const facts = goldenJson<Facts>('rng', 'rng.json');
const drawOf = /^(raw|rand|rand_f64|randn|randn_f64|randn_f16|randn_bf16)\/(\d+)/;
const outside = [...arrays.keys()].filter((name) => /^randn_(f16|bf16)\//.test(name));

describe('TorchGenerator against torch.Generator on a CPU', () => {
  console.log(`rng: ${outside.length} of ${arrays.size} arrays are outside (half precision draws)`);

  it.each(arraysOf('raw'))('%s: raw words are equal', (_, seed, expected) => {
    const generator = new TorchGenerator(seed);
    const words = numbers(expected);
    expect(words.map(() => generator.randomWord())).toEqual(words);
  });

  it.each(arraysOf('rand'))('%s: float32 uniforms are equal', (_, seed, expected) => {
    expect(new TorchGenerator(seed).rand(expected.dims)).toEqual(expected.data);
  });

  it.each(arraysOf('rand_f64'))('%s: float64 uniforms are equal', (_, seed, expected) => {
    expect(new TorchGenerator(seed).randFloat64(expected.dims)).toEqual(expected.data);
  });

  it.each(arraysOf('randn'))('%s: float32 normals', (_, seed, expected) => {
    expectNormals(new TorchGenerator(seed).randn(expected.dims), expected);
  });

  it.each(arraysOf('randn_f64'))('%s: float64 normals', (_, seed, expected) => {
    expectNormals(new TorchGenerator(seed).randnFloat64(expected.dims), expected);
  });

  it('gives at least four fifths of a latent bit for bit', () => {
    const [[, seed, expected] = fail()] = arraysOf('randn').toSorted(
      ([, , a], [, , b]) => b.data.length - a.data.length,
    );
    const drawn = new TorchGenerator(seed).randn(expected.dims);
    const equal = drawn.filter((value, i) => value === Number(expected.data[i])).length;
    expect(equal / drawn.length).toBeGreaterThan(0.8);
  });

  const successiveSeeds = new Set([...arrays.keys()].filter((name) => name.startsWith('successive/')).map(seedPart));
  it.each([...successiveSeeds])('seed %s: draws that follow one another share the stream and the cache', (seed) => {
    const generator = new TorchGenerator(BigInt(seed));
    for (const [k, dims] of facts.successive_shapes.entries()) {
      expectNormals(generator.randn(dims), arrays.get(`successive/${seed}/${k}`) ?? fail());
    }
  });

  it.each([...facts.randn_tensor_lists.entries()])('list %i: one draw a generator, concatenated', (k, list) => {
    const expected = arrays.get(`list/${k}`) ?? fail();
    const dims = list.seeds.length === 1 ? list.shape : [1, ...list.shape.slice(1)];
    const rows = list.seeds.map((seed) => new TorchGenerator(seed).randn(dims));
    expectNormals(
      rows.flatMap((values) => [...values]),
      expected,
    );
  });

  it('covers every array of the reference file', () => {
    const known = [...arrays.keys()].filter((name) => drawOf.test(name) || /^(successive|list)\//.test(name));
    expect(known).toHaveLength(arrays.size);
  });
});

describe('a saved TorchGenerator', () => {
  it('goes on as if nothing had happened', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), sizes, sizes, (seed, before, after) => {
        const generator = new TorchGenerator(seed);
        for (const size of before) generator.randn([size]);
        const restored = new TorchGenerator(structuredClone(generator.save()));
        for (const size of after) expect(restored.randn([size])).toEqual(generator.randn([size]));
      }),
      { numRuns: 40 },
    );
  });
});

function arraysOf(kind: string): [string, bigint, GoldenArray][] {
  return [...arrays]
    .filter(([name]) => drawOf.exec(name)?.[1] === kind)
    .map(([name, array]) => [name, BigInt(seedPart(name)), array]);
}

function numbers({ data }: GoldenArray): number[] {
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

function seedPart(name: string): string {
  return name.split('/')[1] ?? fail();
}

/** Tolerances of the reference: one bit of float32 below 16 values, torch's vectorised functions above. */
function expectNormals(actual: ArrayLike<number>, expected: GoldenArray): void {
  const tolerance = actual.length < 16 ? 1e-7 : 1e-6;
  expect(maxAbsDifference(actual, numbers(expected))).toBeLessThanOrEqual(tolerance);
}

function fail(): never {
  throw new Error('The reference file lacks an array that its index names');
}
