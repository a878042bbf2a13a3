import { join } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import { readTextIfThere, reasonOf } from '../../files/regular-file.ts';
import { isWithin } from '../../json/outline.ts';
import { readSpecialTokens } from './special-tokens.ts';
import { readTokenizerJson } from './tokenizer-json.ts';
import { createTokenizer, type Tokenizer } from './tokenizer.ts';

/** Bytes of one of its files: those of CLIP have 1 to 4 MB. */
const mostBytes = 32 * 2 ** 20;
/** Members and nested brackets of its JSON. */
const bounds = { mostMembers: 1_000_000, deepest: 32 };

export interface TokenizerOverrides {
  /** Takes the place of the folder's own padding token: Stable Diffusion 2.x pads with `!`. */
  readonly padToken?: string;
}

/**
 * The tokenizer of a folder: vocab.json and merges.txt, or else tokenizer.json, and what tokenizer_config.json and
 * special_tokens_map.json say of special tokens where they are there. Throws `model_invalid` where a file is missing or cannot
 * be read, or asks for what is not CLIP's tokenizer.
 */
export async function loadTokenizer(folder: string, overrides: TokenizerOverrides = {}): Promise<Tokenizer> {
  const [vocab, merges, config, map] = await Promise.all([
    readOptional(folder, 'vocab.json'),
    readOptional(folder, 'merges.txt'),
    readOptional(folder, 'tokenizer_config.json'),
    readOptional(folder, 'special_tokens_map.json'),
  ]);
  const padding = overrides.padToken === undefined ? {} : { pad_token: overrides.padToken };
  const roles = { ...(map === null ? null : parseObject('special_tokens_map.json', map)), ...padding };
  const settings = config === null ? null : parseObject('tokenizer_config.json', config);
  if (vocab !== null && merges !== null) {
    return createTokenizer({ vocab: parseVocabulary(vocab), merges, special: readSpecialTokens(roles, settings) });
  }
  const whole = await readOptional(folder, 'tokenizer.json');
  if (whole === null) {
    const missing = [vocab === null ? 'vocab.json' : '', merges === null ? 'merges.txt' : ''].filter(
      (name) => name !== '',
    );
    invalid(`Expected ${missing.join(' and ')}, or tokenizer.json, in the tokenizer folder but they are not there.`);
  }
  return createTokenizer(readTokenizerJson(parseObject('tokenizer.json', whole), roles, settings));
}

async function readOptional(folder: string, file: string): Promise<string | null> {
  return await readTextIfThere(join(folder, file), mostBytes).catch((cause: unknown) => {
    throw new ArmatureError('model_invalid', `The tokenizer's ${file} cannot be read: ${reasonOf(cause)}.`, { cause });
  });
}

function parseVocabulary(text: string): Record<string, number> {
  const vocabulary = parseObject('vocab.json', text);
  for (const [symbol, id] of Object.entries(vocabulary)) {
    if (!Number.isInteger(id))
      invalid(`Expected integer ids in vocab.json but ${JSON.stringify(symbol)} has ${JSON.stringify(id)}.`);
  }
  return vocabulary as Record<string, number>;
}

function parseObject(file: string, text: string): Record<string, unknown> {
  if (!isWithin(text, bounds)) {
    invalid(`Expected at most ${bounds.mostMembers} entries and ${bounds.deepest} nested brackets in ${file}.`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new ArmatureError('model_invalid', `The tokenizer's ${file} is not valid JSON.`, { cause: error });
  }
  return invalid(`Expected the tokenizer's ${file} to hold a JSON object but it holds something else.`);
}

function invalid(detail: string): never {
  throw new ArmatureError('model_invalid', detail);
}
