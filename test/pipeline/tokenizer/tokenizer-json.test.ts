import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../src/pipeline/tokenizer/load-tokenizer.ts';
import { goldenJson, goldenPath } from '../../support/golden.ts';
import { temporaryFolder } from '../../weights/temporary-folder.ts';

interface Prompt {
  readonly text: string;
  readonly ids: readonly number[];
  readonly ids_sdxl2?: readonly number[];
}

const { prompts } = goldenJson<{ prompts: readonly Prompt[] }>('tokenizer', 'prompts.json');
const vocab = JSON.parse(readFileSync(goldenPath('tokenizer', 'vocab.json'), 'utf8')) as Record<string, number>;
const lines = readFileSync(goldenPath('tokenizer', 'merges.txt'), 'utf8').split('\n').slice(1);
const pairs = lines.filter((line) => line !== '');
const folder = temporaryFolder();

const added = (id: number, content: string, changes: object = {}) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
  ...changes,
});
const ends = [added(49406, '<|startoftext|>'), added(49407, '<|endoftext|>')];
const regex = String.raw`<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`;

/** As transformers 5.23 saves CLIP's tokenizer. */
const saved = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: ends,
  normalizer: {
    type: 'Sequence',
    normalizers: [
      { type: 'NFC' },
      { type: 'Replace', pattern: { Regex: String.raw`\s+` }, content: ' ' },
      { type: 'Lowercase' },
    ],
  },
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: regex }, behavior: 'Removed', invert: true },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    ],
  },
  post_processor: {
    type: 'RobertaProcessing',
    sep: ['<|endoftext|>', 49407],
    cls: ['<|startoftext|>', 49406],
    trim_offsets: false,
    add_prefix_space: false,
  },
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: '<|endoftext|>',
    continuing_subword_prefix: '',
    end_of_word_suffix: '</w>',
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab,
    merges: pairs.map((pair) => pair.split(' ')) as readonly unknown[],
  },
};

const config = {
  bos_token: '<|startoftext|>',
  eos_token: '<|endoftext|>',
  pad_token: '<|endoftext|>',
  unk_token: '<|endoftext|>',
  tokenizer_class: 'CLIPTokenizer',
};

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
});

async function load(json: object = {}, settings: object = {}) {
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify({ ...saved, ...json }));
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ ...config, ...settings }));
  return await loadTokenizer(folder);
}

const exclamation = { added_tokens: [added(0, '!'), ...ends] };

describe('a folder with a tokenizer.json alone gives the ids of transformers', () => {
  it.each<[string, object, object, (prompt: Prompt) => readonly number[] | null]>([
    ['pairs as lists', {}, {}, ({ ids }) => ids],
    ['pairs as text', { model: { ...saved.model, merges: pairs } }, {}, ({ ids }) => ids],
    [
      'another token pads: there this one prompt is text as it is written',
      exclamation,
      { pad_token: '!' },
      ({ text, ids, ids_sdxl2 }) => (text === '<|ENDOFTEXT|>' ? null : (ids_sdxl2 ?? ids)),
    ],
    [
      'the same, said by the config alone',
      {},
      { pad_token: '!' },
      ({ text, ids, ids_sdxl2 }) => (text === '<|ENDOFTEXT|>' ? null : (ids_sdxl2 ?? ids)),
    ],
    [
      'the same, and the ends are looked for in lower case',
      { added_tokens: [added(0, '!'), ...ends.map((token) => ({ ...token, normalized: true }))] },
      { pad_token: '!' },
      ({ ids, ids_sdxl2 }) => ids_sdxl2 ?? ids,
    ],
  ])('%s', async (_, json, settings, expected) => {
    const tokenizer = await load(json, settings);
    for (const prompt of prompts) {
      const ids = expected(prompt);
      if (ids !== null) expect(tokenizer.encode(prompt.text), prompt.text).toEqual(ids);
    }
    expect(tokenizer.padId).toBe('pad_token' in settings ? 0 : 49407);
  });

  it('words that were added, as transformers 5.23 reads them', async () => {
    const tokenizer = await load({ added_tokens: [...ends, added(49408, '<cat-toy>', { special: false })] });
    expect(tokenizer.encode('a <cat-toy> on grass')).toEqual([320, 49408, 525, 5922]);
    expect(tokenizer.encode('A <CAT-TOY>!')).toEqual([320, 283, 2368, 268, 5988, 29, 256]);
    expect(tokenizer.largestId).toBe(49408);
  });

  it('special tokens of the file that are looked for in lower case', async () => {
    const [start, end] = ends;
    const tokenizer = await load({ added_tokens: [{ ...start, normalized: true }, end] });
    expect(tokenizer.encode('<|STARTOFTEXT|>q<|endoftext|>')).toEqual([49406, 336, 49407]);
    expect((await load()).encode('<|STARTOFTEXT|>q<|endoftext|>')).toEqual([
      27, 347, 993, 6659, 4160, 91, 285, 336, 49407,
    ]);
  });

  it('vocab.json and merges.txt go before it', async () => {
    await expect(load({ model: {} })).rejects.toMatchObject({ code: 'model_invalid' });
    for (const file of ['vocab.json', 'merges.txt']) cpSync(goldenPath('tokenizer', file), join(folder, file));
    expect((await loadTokenizer(folder)).encode('a')).toEqual([320]);
    rmSync(join(folder, 'merges.txt'));
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: 'model_invalid' });
  });
});

describe('what it asks for that is not done is refused by name', () => {
  const model = (changes: object) => ({ model: { ...saved.model, ...changes } });
  it.each<[string, object, RegExp]>([
    ['another model', model({ type: 'Unigram' }), /type of model.*"Unigram"/],
    ['dropout', model({ dropout: 0.1 }), /dropout/],
    ['no end of a word', model({ end_of_word_suffix: null }), /end_of_word_suffix/],
    ['bytes for what is unknown', model({ byte_fallback: true }), /byte_fallback/],
    ['merges that are none', model({ merges: ['abc'] }), /model\.merges.*"abc"/],
    ['an id that is none', model({ vocab: { ...vocab, a: -1 } }), /id of "a".*-1/],
    ['no normalizer', { normalizer: null }, /normalizer/],
    [
      'letters as they are written',
      { normalizer: { type: 'Sequence', normalizers: saved.normalizer.normalizers.slice(0, 2) } },
      /Lowercase/,
    ],
    ['other words', { pre_tokenizer: { type: 'Whitespace' } }, /pre_tokenizer/],
    ['other ends', { post_processor: { ...saved.post_processor, cls: ['[CLS]', 1] } }, /\[CLS\]/],
    [
      'a token that takes its spaces',
      { added_tokens: [...ends, added(49408, '<x>', { lstrip: true })] },
      /lstrip.*"<x>"/,
    ],
    ['a token of two ids', { added_tokens: [...ends, added(5, '<|endoftext|>')] }, /49407 and 5/],
    ['a token in capitals', { added_tokens: [...ends, added(49408, 'X', { normalized: true })] }, /"X"/],
  ])('%s', async (_, json, reason) => {
    await expect(load(json)).rejects.toMatchObject({ code: 'model_invalid', message: expect.stringMatching(reason) });
  });

  it('a folder without any of its files', async () => {
    await expect(loadTokenizer(folder)).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringMatching(/vocab\.json.*tokenizer\.json/),
    });
  });
});
