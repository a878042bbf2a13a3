import { ArmatureError } from '../../errors.ts';
import { readSpecialTokens, type SpecialToken, type SpecialTokens } from './special-tokens.ts';
import { normalizeText } from './words.ts';

type Json = Readonly<Record<string, unknown>>;

/** What a tokenizer.json gives of what vocab.json, merges.txt and special_tokens_map.json would. */
export interface TokenizerJson {
  readonly vocab: Readonly<Record<string, number>>;
  /** As the text of merges.txt. */
  readonly merges: string;
  readonly special: SpecialTokens;
}

/** As the library `tokenizers` writes them for CLIP, and what CLIP's tokenizer does here. */
const clip = {
  normalizer: [
    { type: 'NFC' },
    { type: 'Replace', pattern: { Regex: String.raw`\s+` }, content: ' ' },
    { type: 'Lowercase' },
  ],
  words: String.raw`<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`,
  endOfWord: '</w>',
} as const;

/** Settings of the model and of an added token that are not done here, and the values that mean that nothing is asked. */
const modelSettings: Readonly<Record<string, readonly unknown[]>> = {
  type: ['BPE', undefined],
  dropout: [null, undefined, 0],
  continuing_subword_prefix: ['', null, undefined],
  end_of_word_suffix: [clip.endOfWord],
  fuse_unk: [false, undefined],
  byte_fallback: [false, undefined],
  ignore_merges: [false, undefined],
};
const tokenSettings: Readonly<Record<string, readonly unknown[]>> = {
  single_word: [false, undefined],
  lstrip: [false, undefined],
  rstrip: [false, undefined],
};

/**
 * A tokenizer.json, the one file that today's transformers save a tokenizer in. `map` and `config` are special_tokens_map.json
 * and tokenizer_config.json, which may be absent: they say which token has which role. Throws `model_invalid` for what is not
 * CLIP's tokenizer, with the name of the setting.
 */
export function readTokenizerJson(json: Json, map: Json | null, config: Json | null): TokenizerJson {
  const model = object(json['model'], 'model');
  requireSettings(model, modelSettings, 'model');
  requireNormalizer(json['normalizer']);
  requireWords(json['pre_tokenizer']);
  const added = list(json['added_tokens'] ?? [], 'added_tokens').map((row) => object(row, 'added_tokens'));
  const vocab = vocabularyOf(object(model['vocab'], 'model.vocab'), added);
  const unknown =
    model['unk_token'] === undefined || model['unk_token'] === null ? {} : { unk_token: model['unk_token'] };
  const roles = readSpecialTokens(map, { ...unknown, ...config });
  requireEnds(json['post_processor'], roles);
  const named = new Map(roles.tokens.map((token) => [token.content, token]));
  for (const row of added) named.set(String(row['content']), addedToken(row));
  return { vocab, merges: mergesOf(model['merges']), special: { ...roles, tokens: [...named.values()] } };
}

/** Ids of symbols, and of tokens that were added to them. */
function vocabularyOf(vocab: Json, added: readonly Json[]): Readonly<Record<string, number>> {
  const ids = new Map<string, number>();
  const add = (symbol: unknown, id: unknown): void => {
    if (typeof symbol !== 'string' || !Number.isSafeInteger(id) || Number(id) < 0) {
      invalid(`Expected a whole number as the id of ${JSON.stringify(symbol)} but received ${JSON.stringify(id)}`);
    }
    const known = ids.get(symbol);
    if (known !== undefined && known !== id)
      invalid(`Expected one id of ${JSON.stringify(symbol)} but received ${known} and ${Number(id)}`);
    ids.set(symbol, Number(id));
  };
  for (const [symbol, id] of Object.entries(vocab)) add(symbol, id);
  for (const { content, id } of added) add(content, id);
  return Object.fromEntries(ids);
}

/** Pairs as `"a b"`, or as `["a", "b"]` in files of 2024 and later. */
function mergesOf(merges: unknown): string {
  const pairs = list(merges, 'model.merges').map((pair) => {
    const symbols: readonly unknown[] = typeof pair === 'string' ? pair.split(' ') : Array.isArray(pair) ? pair : [];
    const plain = symbols.length === 2 && symbols.every((symbol) => typeof symbol === 'string' && /^\S+$/.test(symbol));
    if (!plain) invalid(`Expected pairs of symbols in model.merges but received ${shown(pair)}`);
    return symbols.join(' ');
  });
  return pairs.join('\n');
}

function addedToken(row: Json): SpecialToken {
  requireSettings(row, tokenSettings, `added_tokens of ${shown(row['content'])}`);
  const content = String(row['content']);
  const normalized = row['normalized'] === true;
  if (normalized && normalizeText(content) !== content) {
    invalid(
      `Expected added tokens that are looked for in lower case to be in lower case but received ${shown(content)}`,
    );
  }
  return { content, normalized };
}

function requireNormalizer(normalizer: unknown): void {
  const { type, normalizers } = object(normalizer ?? {}, 'normalizer');
  if (type === 'Sequence' && JSON.stringify(normalizers) === JSON.stringify(clip.normalizer)) return;
  invalid(`Expected CLIP's normalizer (NFC, white space to one space, Lowercase) but received ${shown(normalizer)}`);
}

function requireWords(preTokenizer: unknown): void {
  const { type, pretokenizers } = object(preTokenizer ?? {}, 'pre_tokenizer');
  const [split, bytes, ...others] = Array.isArray(pretokenizers) ? (pretokenizers as readonly Json[]) : [];
  const words =
    split?.['type'] === 'Split' &&
    split['behavior'] === 'Removed' &&
    split['invert'] === true &&
    object(split['pattern'], 'pre_tokenizer')['Regex'] === clip.words;
  const alphabet =
    bytes?.['type'] === 'ByteLevel' && bytes['add_prefix_space'] === false && (bytes['use_regex'] ?? true) === true;
  if (type === 'Sequence' && words && alphabet && others.length === 0) return;
  invalid(`Expected CLIP's pre_tokenizer (Split by its words, ByteLevel) but received ${shown(preTokenizer)}`);
}

/** Start and end are put around every prompt here: a file that has other ones at its ends would be read wrongly. */
function requireEnds(processor: unknown, { start, end }: SpecialTokens): void {
  if (processor === undefined || processor === null) return;
  const { type, cls, sep } = object(processor, 'post_processor');
  const given = type === 'RobertaProcessing' ? [first(cls), first(sep)] : templateEnds(processor as Json);
  if (given[0] === start && given[1] === end) return;
  invalid(`Expected ${start} and ${end} around a prompt but post_processor has ${shown(given)}`);
}

function templateEnds({ type, single }: Json): readonly unknown[] {
  if (type !== 'TemplateProcessing' || !Array.isArray(single) || single.length !== 3) return [type];
  const [before, , after] = single as readonly Json[];
  const id = (piece: Json | undefined): unknown => object(piece?.['SpecialToken'] ?? {}, 'post_processor')['id'];
  return [id(before), id(after)];
}

function first(pair: unknown): unknown {
  return Array.isArray(pair) ? (pair as readonly unknown[])[0] : undefined;
}

function requireSettings(given: Json, settings: Readonly<Record<string, readonly unknown[]>>, where: string): void {
  for (const [name, neutral] of Object.entries(settings)) {
    if (!neutral.includes(given[name])) {
      invalid(`Expected ${name} of ${where} to be ${JSON.stringify(neutral[0])} but received ${shown(given[name])}`);
    }
  }
}

function object(value: unknown, where: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  return invalid(`Expected an object as ${where} but received ${shown(value)}`);
}

function list(value: unknown, where: string): readonly unknown[] {
  return Array.isArray(value)
    ? (value as readonly unknown[])
    : invalid(`Expected a list as ${where} but received ${shown(value)}`);
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 120);
}

function invalid(detail: string): never {
  throw new ArmatureError('model_invalid', `${detail} in the tokenizer's tokenizer.json.`);
}
