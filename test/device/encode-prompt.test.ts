import { afterAll, describe, expect, test } from 'vitest';
import { encodePrompt, type EncodedPrompt } from '../../src/device/encode-prompt.ts';
import { TextCache } from '../../src/device/text-cache.ts';
import { textNetwork } from '../../src/device/text-network.ts';
import type { PlannedPass } from '../../src/generation/passes.ts';
import { composedPrompts } from '../../src/generation/prompts.ts';
import { type PromptEncoder, textEncoder } from '../../src/pipeline/conditioning/prompt-encoder.ts';
import type { TextRole as Role } from '../../src/generation/row-roles.ts';
import { loadTokenizer } from '../../src/pipeline/tokenizer/load-tokenizer.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { openBaseCheckpoint } from '../../src/weights/checkpoint.ts';
import { floats, goldenArrays, goldenJson, goldenPath, maxAbsDifference } from '../support/golden.ts';

interface Case {
  readonly case: number;
  readonly prompt: string;
  readonly comma_backtrack: number;
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
const real = textEncoder(model, textNetwork(pool, model, textEncoders[0]), tokenizer);
const width = textEncoders[0].config.hiddenSize;

/** Counts what is encoded. */
function counting(): { readonly encoder: PromptEncoder; readonly encoded: Int32Array[] } {
  const encoded: Int32Array[] = [];
  const encode: PromptEncoder['encode'] = async (ids, clipSkip) => {
    encoded.push(ids);
    return await real.encode(ids, clipSkip);
  };
  return { encoder: { ...real, encode }, encoded };
}

function passOf(change: Partial<PlannedPass>): PlannedPass {
  const { run = { steps: 4, evaluations: 4 } } = change;
  const pass: PlannedPass = {
    stage: 'low',
    model: { id: 'model', hash: '' },
    reading: { prompt: { within: '', steps: run }, negative: { within: '', steps: run } },
    refines: false,
    takes: null,
    leaves: 'picture',
    prompt: '',
    negativePrompt: '',
    promptSyntax: 'a1111',
    prompts: 1,
    clipSkip: 0,
    width: 64,
    height: 64,
    scheduler: 'ddim',
    run,
    part: { steps: 4, strength: 1 },
    schedule: null,
    sChurn: 0,
    eta: null,
    sdeNoise: 'path',
    guidanceScale: 4,
    guidanceRescale: 0,
    strict: false,
    ...change,
  };
  return { ...pass, prompts: composedPrompts(pass) };
}

async function encode(
  change: Partial<PlannedPass>,
  options: { readonly encoder?: PromptEncoder; readonly cache?: TextCache; readonly role?: Role } = {},
): Promise<EncodedPrompt & { readonly pieces: number }> {
  const { encoder = real, cache = new TextCache(), role = 'prompt' } = options;
  const encoding = encodePrompt(role, passOf(change), [encoder], cache);
  for (let pieces = 0; ; pieces += 1) {
    const piece = await encoding.next();
    if (piece.done === true) return { ...piece.value, pieces };
  }
}

const contextsOf = ({ questions }: EncodedPrompt) =>
  questions.map(({ conditionings }) => conditionings.distinct.map(({ context }) => context!));

describe.each(cases.filter(({ comma_backtrack: backtrack }) => backtrack === 20))('the prompt of case $case', (one) => {
  const reference = (name: string) => floats(arrays, `${one.case}/${arrays.has(`${one.case}/${name}`) ? name : 'z'}`);
  const tolerance = (ratios: readonly number[]) => 1e-5 * Math.max(1, ...ratios.map(Math.abs));

  test('is what a pass is told', async () => {
    const context = contextsOf(await encode({ prompt: one.prompt }))[0]![0]!;
    const expected = reference('a1111');
    expect(context.dims).toEqual([expected.length / width, width]);
    expect(maxAbsDifference(context.data, expected)).toBeLessThanOrEqual(tolerance(one.mean_ratio));
  });

  if (!arrays.has(`${one.case}/a1111_clip_skip2`)) return;
  test('is read at an earlier layer', async () => {
    const context = contextsOf(await encode({ prompt: one.prompt, clipSkip: 1 }))[0]![0]!;
    const limit = tolerance(one.mean_ratio_clip_skip2);
    expect(maxAbsDifference(context.data, reference('a1111_clip_skip2'))).toBeLessThanOrEqual(limit);
  });
});

describe('the prompt of a pass', () => {
  test('is encoded once for each different text', async () => {
    const { encoder, encoded } = counting();
    const cache = new TextCache();
    const { questions, pieces } = await encode({ prompt: '[a|b|c] [x|x] AND b x :0.5' }, { encoder, cache });
    expect(encoded).toHaveLength(3);
    expect(pieces).toBe(3);
    expect(questions.map(({ role, weight }) => [role, weight])).toEqual([
      ['prompt', 1],
      ['prompt', 0.5],
    ]);
    const [first, second] = questions;
    expect(first?.conditionings.at).toEqual([0, 1, 2, 0]);
    expect(second?.conditionings.at).toEqual([0, 0, 0, 0]);
    expect(second?.conditionings.distinct[0]).toBe(first?.conditionings.distinct[1]);
    // Emphasis is laid on what is known of the words.
    expect((await encode({ prompt: '(a x:1.3)' }, { encoder, cache })).pieces).toBe(0);
    expect(encoded).toHaveLength(3);
  });

  test('that is plain is what its words say, brackets among them, and cut', async () => {
    const { encoder, encoded } = counting();
    const { questions, warnings } = await encode({ prompt: '(a:1.3) AND [b|c]', promptSyntax: 'plain' }, { encoder });
    expect(encoded).toEqual([tokenizer.tokenize('(a:1.3) AND [b|c]').ids]);
    expect([questions.length, warnings]).toEqual([1, []]);
    const long = { prompt: 'a '.repeat(80), promptSyntax: 'plain' } as const;
    expect((await encode(long)).warnings).toEqual([
      'prompt is longer than the text encoder reads: its last 5 tokens were left out.',
    ]);
    await expect(encode({ ...long, strict: true })).rejects.toMatchObject({ code: 'prompt_too_long', field: 'prompt' });
  });

  test('is read to its end, up to sixteen chunks', async () => {
    const whole = await encode({ prompt: 'a '.repeat(16 * 75), strict: true });
    expect(contextsOf(whole)[0]?.[0]?.dims).toEqual([16 * 77, width]);
    expect(whole.warnings).toEqual([]);
    const longer = { prompt: 'a '.repeat(16 * 75 + 80) };
    const cut = await encode(longer);
    expect(contextsOf(cut)).toEqual(contextsOf(whole));
    expect(cut.warnings).toEqual(['prompt is longer than 16 chunks of 75 tokens: its last 80 tokens were left out.']);
    await expect(encode({ ...longer, strict: true })).rejects.toMatchObject({ code: 'prompt_too_long' });
  });

  test('is refused where all its texts have too many chunks', async () => {
    const texts = (count: number) => ({
      prompt: `${'a BREAK '.repeat(15)}[${'a|'.repeat(count)}b]`,
      run: { steps: 150, evaluations: 150 },
    });
    const distinct = (count: number) => `[${Array.from({ length: count }, (_, i) => 'c'.repeat(i + 1)).join('|')}]`;
    await expect(encode(texts(1))).resolves.toBeTruthy();
    const { encoder, encoded } = counting();
    const long = { prompt: `${'a BREAK '.repeat(15)}${distinct(9)}`, run: { steps: 9, evaluations: 9 } };
    await expect(encode(long, { encoder })).rejects.toMatchObject({ code: 'prompt_too_long', field: 'prompt' });
    expect(encoded).toEqual([]);
    await expect(encode({ ...long, prompt: `${'a BREAK '.repeat(15)}${distinct(8)}` })).resolves.toBeTruthy();
  });

  test('that is negative has emphasis and schedules, no AND, and is read at the last layer', async () => {
    const negative = { negativePrompt: '[(fog:1.3)|rain] AND snow', clipSkip: 1 };
    const { questions } = await encode(negative, { role: 'negative' });
    expect(questions.map(({ role, conditionings }) => [role, conditionings.at])).toEqual([['negative', [0, 1, 0, 1]]]);
    const last = await encode({ ...negative, clipSkip: 0 }, { role: 'negative' });
    expect(contextsOf({ questions, warnings: [] })).toEqual(contextsOf(last));
  });
});

test('a second text encoder reads a prompt of its own, step by step beside the first, in as many chunks', async () => {
  const encoderOf = (reads: PromptEncoder['reads'], ids: number): PromptEncoder => ({
    ...real,
    key: reads,
    reads,
    encode: async (tokens) => {
      const data = new Float32Array(tokens.length).fill(ids + (tokens[1] ?? 0));
      return await Promise.resolve({ context: { dims: [tokens.length, 1], data } });
    },
  });
  const encoders = [encoderOf('prompt', 0), encoderOf('prompt_2', 10_000)];
  const sizes = { original: null, crop: [0, 0], target: null } as const;
  const added = {
    prompt2: '[a:b:2] AND',
    negativePrompt2: null,
    zeroNegative: true,
    sizes: { prompt: sizes, negative: sizes },
  };
  const pass = passOf({ prompt: '[c:d BREAK e:3]', added });
  const encodingOf = async (role: Role): Promise<EncodedPrompt> => {
    const encoding = encodePrompt(role, pass, encoders, new TextCache());
    for (;;) {
      const piece = await encoding.next();
      if (piece.done === true) return piece.value;
    }
  };
  const { questions } = await encodingOf('prompt');
  const { distinct, at } = questions[0]!.conditionings;
  // c with a, c with b, and "d BREAK e" with b: the last one has two chunks, so that of b is filled up.
  expect(at).toEqual([0, 0, 1, 2]);
  expect(distinct.map(({ context }) => context?.dims)).toEqual([
    [77, 2],
    [77, 2],
    [154, 2],
  ]);
  expect(distinct.map(({ time_ids: ids }) => [...(ids?.data ?? [])])).toEqual(
    Array.from({ length: 3 }, () => [64, 64, 0, 0, 64, 64]),
  );
  const negative = (await encodingOf('negative')).questions[0]!.conditionings.distinct[0]!;
  expect(negative['context']?.data.every((value) => value === 0)).toBe(true);
  expect([...(negative['time_ids']?.data ?? [])]).toEqual([64, 64, 0, 0, 64, 64]);
});
