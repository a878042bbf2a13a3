import { afterAll, describe, expect, test } from 'vitest';
import { textNetwork } from '../../../src/device/text-network.ts';
import type { Tensor } from '../../../src/numeric/tensor.ts';
import { chunksOf } from '../../../src/pipeline/conditioning/chunks.ts';
import { emphasise, weigh } from '../../../src/pipeline/conditioning/emphasise.ts';
import { textEncoder } from '../../../src/pipeline/conditioning/prompt-encoder.ts';
import { loadTokenizer } from '../../../src/pipeline/tokenizer/load-tokenizer.ts';
import { parseEmphasis } from '../../../src/prompt/emphasis.ts';
import { SessionPool } from '../../../src/runtime/index.ts';
import { openBaseCheckpoint } from '../../../src/weights/checkpoint.ts';
import { floats, goldenArrays, goldenJson, goldenPath, maxAbsDifference } from '../../support/golden.ts';

interface Case {
  readonly case: number;
  readonly prompt: string;
  readonly comma_backtrack: number;
  readonly chunks: readonly { readonly ids: readonly number[]; readonly weights: readonly number[] }[];
  readonly mean_ratio: readonly number[];
  readonly mean_ratio_clip_skip2: readonly number[];
}

/** The README beside the reference names the model. */
const model = 'sd15-tiny';
const { cases } = goldenJson<{ cases: readonly Case[] }>('prompt', 'chunks.json');
const arrays = goldenArrays('prompt', 'embeds.safetensors');
const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
afterAll(async () => await pool.release());

const tokenizer = await loadTokenizer(goldenPath('models', model, 'tokenizer'));
const { textEncoders } = await openBaseCheckpoint(goldenPath('models', model));
const encoder = textEncoder(model, textNetwork(pool, model, textEncoders[0]), tokenizer);

const chunksOfCase = ({ prompt, comma_backtrack: backtrack }: Case) =>
  chunksOf(parseEmphasis(prompt), tokenizer, { backtrack });

/** What each chunk of a case means, [tokens, width]. */
async function featuresOf(one: Case, clipSkip: number): Promise<readonly Tensor[]> {
  const encoded = chunksOfCase(one).map(async ({ ids }) => (await encoder.encode(ids, clipSkip))['context'] as Tensor);
  return await Promise.all(encoded);
}

function joined(chunks: readonly Tensor[]): Float32Array {
  return Float32Array.from(chunks.flatMap(({ data }) => [...data]));
}

function tolerance(ratios: readonly number[]): number {
  return 1e-5 * Math.max(1, ...ratios.map(Math.abs));
}

describe.each(cases)('the prompt of case $case', (one) => {
  const weights = chunksOfCase(one).map((chunk) => chunk.weights);
  const stored = (name: string) => (arrays.has(`${one.case}/${name}`) ? floats(arrays, `${one.case}/${name}`) : null);

  test('has the chunks of the reference', () => {
    const chunks = chunksOfCase(one);
    expect(chunks.map(({ ids }) => [...ids])).toEqual(one.chunks.map(({ ids }) => ids));
    chunks.forEach((chunk, index) => {
      expect(maxAbsDifference(chunk.weights, one.chunks[index]?.weights ?? [])).toBeLessThanOrEqual(1e-9);
    });
  });

  test('means what it means there', async () => {
    const features = await featuresOf(one, 0);
    expect(maxAbsDifference(joined(features), stored('z') ?? [])).toBeLessThanOrEqual(1e-5);
    // Where all weights are 1 the reference holds that alone.
    const a1111 = features.map((chunk, index) => emphasise(chunk, weights[index] ?? []));
    expect(maxAbsDifference(joined(a1111), stored('a1111') ?? joined(features))).toBeLessThanOrEqual(
      tolerance(one.mean_ratio),
    );
    const unrestored = features.map((chunk, index) => weigh(chunk, weights[index] ?? []));
    expect(maxAbsDifference(joined(unrestored), stored('no_norm') ?? joined(features))).toBeLessThanOrEqual(1e-5);
    // ComfyUI's rule is the same product over what the empty prompt means.
    const [empty] = chunksOf(parseEmphasis(''), tokenizer);
    const nothing = (await encoder.encode(empty?.ids ?? new Int32Array(), 0))['context'] as Tensor;
    const comfy = features.map((chunk, index) => {
      const away = { dims: chunk.dims, data: chunk.data.map((value, i) => value - (nothing.data[i] ?? 0)) };
      const { data } = weigh(away, weights[index] ?? []);
      return { dims: chunk.dims, data: data.map((value, i) => value + (nothing.data[i] ?? 0)) };
    });
    expect(maxAbsDifference(joined(comfy), stored('comfy') ?? joined(features))).toBeLessThanOrEqual(1e-5);
  });

  test('means what it means there at an earlier layer', async () => {
    const reference = stored('a1111_clip_skip2');
    // A1111 counts layers from 1.
    const features = await featuresOf(one, 1);
    const a1111 = joined(features.map((chunk, index) => emphasise(chunk, weights[index] ?? [])));
    if (reference !== null) {
      expect(maxAbsDifference(a1111, reference)).toBeLessThanOrEqual(tolerance(one.mean_ratio_clip_skip2));
    } else expect(weights.every((chunk) => chunk.every((weight) => weight === 1))).toBe(true);
  });
});
