import { ArmatureError } from '../../errors.ts';

/** A string that stands for one id wherever it occurs in a text. */
export interface SpecialToken {
  readonly content: string;
  /** Looked for in the normalised text (so in any case) instead of in the text as it was written. */
  readonly normalized: boolean;
}

/** The roles that a tokenizer's files give to special tokens. */
export interface SpecialTokens {
  readonly start: string;
  readonly end: string;
  readonly unknown: string;
  readonly pad: string;
  /** All of them, each content once. */
  readonly tokens: readonly SpecialToken[];
}

type Json = Readonly<Record<string, unknown>>;

const roles = [
  ['bos_token', '<|startoftext|>'],
  ['eos_token', '<|endoftext|>'],
  ['unk_token', '<|endoftext|>'],
  ['pad_token', '<|endoftext|>'],
] as const;

/**
 * Special tokens from `special_tokens_map.json` and `tokenizer_config.json` (either may be absent; the first wins). A
 * token that is given as a plain string is looked for as written; one given with flags says so itself; where two roles
 * name the same content, the later role decides. This is what transformers does: with Stable Diffusion 1's files
 * `<|ENDOFTEXT|>` is plain text, with those of 2.x, where another token pads, it is the special one.
 */
export function readSpecialTokens(map: Json | null, config: Json | null): SpecialTokens {
  const given = roles.map(([role, usual]) => readToken(role, map?.[role] ?? config?.[role] ?? usual));
  const byContent = new Map(given.map((token) => [token.content, token]));
  const [start, end, unknown, pad] = given.map((token) => token.content);
  return {
    start: start ?? '',
    end: end ?? '',
    unknown: unknown ?? '',
    pad: pad ?? '',
    tokens: [...byContent.values()],
  };
}

function readToken(role: string, value: unknown): SpecialToken {
  if (typeof value === 'string') return { content: value, normalized: false };
  if (typeof value === 'object' && value !== null && 'content' in value && typeof value.content === 'string') {
    return { content: value.content, normalized: 'normalized' in value && value.normalized === true };
  }
  throw new ArmatureError(
    'model_invalid',
    `Expected ${role} of the tokenizer to be a string or an object with a string "content" but received ${JSON.stringify(value)}.`,
  );
}

/** `text` cut at every occurrence of a token: the parts between them, and the tokens themselves as `{ token }`. */
export function splitAtTokens(text: string, tokens: readonly SpecialToken[]): (string | { readonly token: string })[] {
  if (tokens.length === 0) return [text];
  const contents = tokens.map(({ content }) => content).toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(`(${contents.map((content) => escapePattern(content)).join('|')})`, 'u');
  return text.split(pattern).map((part, index) => (index % 2 === 0 ? part : { token: part }));
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}
