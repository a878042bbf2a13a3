import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TorchGenerator } from '../../../src/numeric/torch-generator.ts';
import { loadTokenizer } from '../../../src/pipeline/tokenizer/load-tokenizer.ts';
import { createTokenizer } from '../../../src/pipeline/tokenizer/tokenizer.ts';
import { readSpecialTokens } from '../../../src/pipeline/tokenizer/special-tokens.ts';
import { goldenArrays, goldenJson, goldenModels, goldenPath } from '../../support/golden.ts';

interface Prompt {
  readonly text: string;
  readonly ids: readonly number[];
  readonly ids_sdxl2?: readonly number[];
}

const { prompts } = goldenJson<{ prompts: readonly Prompt[] }>('tokenizer', 'prompts.json');
const reference = goldenArrays('tokenizer', 'ids.safetensors');
const full = await loadTokenizer(goldenPath('tokenizer'));
const sdxl2 = await sdxl2Tokenizer();

describe('CLIP tokenizer against transformers', () => {
  it.each(prompts)('encodes $text', ({ text, ids }) => {
    expect(full.encode(text)).toEqual(ids);
  });

  it.each(prompts)('encodes $text where "!" pads', ({ text, ids, ids_sdxl2 }) => {
    expect(sdxl2.encode(text)).toEqual(ids_sdxl2 ?? ids);
  });

  it.each([
    ['sd15', full],
    ['sdxl2', sdxl2],
  ] as const)('%s: pads and truncates every prompt to 77 ids', (column, tokenizer) => {
    const expected = reference.get(column)?.data;
    for (const [row, { text, ids, ids_sdxl2 }] of prompts.entries()) {
      const tokenized = tokenizer.tokenize(text);
      expect(tokenized.ids, text).toEqual(expected?.slice(row * 77, (row + 1) * 77));
      const untruncated = column === 'sdxl2' ? (ids_sdxl2 ?? ids) : ids;
      expect(tokenized.truncated, text).toBe(Math.max(0, untruncated.length - 75));
    }
  });

  it('covers every array of the reference file', () => {
    expect([...reference.keys()].toSorted()).toEqual(['sd15', 'sdxl2']);
  });
});

describe('CLIP tokenizer', () => {
  it('gives ids of the vocabulary for any text', () => {
    const size = Object.keys(goldenJson<object>('tokenizer', 'vocab.json')).length;
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const ids = full.encode(text);
        expect(ids.every((id) => Number.isInteger(id) && id >= 0 && id < size)).toBe(true);
        expect(full.tokenize(text).ids).toHaveLength(77);
      }),
      { numRuns: 300 },
    );
  });

  it('encodes a word of twenty thousand letters', () => {
    const generator = new TorchGenerator(1);
    const letters = Array.from({ length: 20_000 }, () => String.fromCodePoint(97 + (generator.randomWord() % 26)));
    expect(full.tokenize(letters.join('')).truncated).toBeGreaterThan(1000);
  });
});

describe('loadTokenizer', () => {
  it('reads the small vocabularies of the test models', async () => {
    const models = goldenModels().filter((name) => existsSync(goldenPath('models', name, 'tokenizer')));
    expect(models.length).toBeGreaterThan(0);
    for (const model of models) {
      const folder = goldenPath('models', model, 'tokenizer');
      const { pad_token: pad } = goldenJson<{ pad_token: string }>(
        'models',
        model,
        'tokenizer',
        'special_tokens_map.json',
      );
      const vocab = JSON.parse(await readFile(`${folder}/vocab.json`, 'utf8')) as Record<string, number>;
      const tokenizer = await loadTokenizer(folder);
      const { ids, truncated } = tokenizer.tokenize('a photo');
      expect(truncated).toBe(0);
      expect(ids[0]).toBe(vocab['<|startoftext|>']);
      expect(ids.includes(vocab['<|endoftext|>'] ?? -1)).toBe(true);
      expect(ids.at(-1)).toBe(vocab[pad]);
    }
  });

  it('reads the default tokenizer and the embedded one alike', async () => {
    const folder = fileURLToPath(new URL('../../../models', import.meta.url));
    const standard = await loadTokenizer(`${folder}/clip-tokenizer`);
    const embedded = await loadTokenizer(`${folder}/diorama/tokenizer`);
    for (const { text, ids } of prompts.slice(0, 100)) {
      expect(standard.encode(text)).toEqual(ids);
      expect(embedded.encode(text).length).toBeGreaterThanOrEqual(ids.length === 0 ? 0 : 1);
    }
  });

  it('pads as it is told', async () => {
    const tokenizer = await loadTokenizer(goldenPath('tokenizer'), { padToken: '!' });
    expect(tokenizer.tokenize('a').ids.slice(0, 4)).toEqual(Int32Array.of(49406, 320, 49407, 0));
  });

  it('says which file is missing', async () => {
    await expect(loadTokenizer(goldenPath('rng'))).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringMatching(/vocab\.json|merges\.txt/) as string,
    });
  });

  it('refuses a vocabulary without the special tokens', () => {
    const special = readSpecialTokens(null, null);
    expect(() => createTokenizer({ vocab: { a: 0 }, merges: '', special })).toThrow(/startoftext/);
  });
});

/** Files of the reference with the special tokens of Stable Diffusion XL's second tokenizer. */
async function sdxl2Tokenizer(): ReturnType<typeof loadTokenizer> {
  const flags = async (file: string): Promise<Record<string, unknown>> =>
    JSON.parse(await readFile(goldenPath('models', 'sdxl-tiny', 'tokenizer_2', file), 'utf8')) as Record<
      string,
      unknown
    >;
  return createTokenizer({
    vocab: goldenJson<Record<string, number>>('tokenizer', 'vocab.json'),
    merges: await readFile(goldenPath('tokenizer', 'merges.txt'), 'utf8'),
    special: readSpecialTokens(await flags('special_tokens_map.json'), await flags('tokenizer_config.json')),
  });
}
