import { bareWords } from './composition.ts';
import type { WrittenPrompt } from './read-prompt.ts';
import { placesOfWord } from './words.ts';

/** What other programs mean by a piece of a prompt, and how it is found. Each looks at a text in time linear in its length. */
interface Syntax {
  readonly meaning: string;
  /** The first such piece; null where there is none. */
  readonly find: (text: string) => string | null;
}

const lora: Syntax = {
  meaning: 'a LoRA',
  find: (text) => first(text, /<(?:lora|lyco|lycoris|hypernet):[^<>]{1,200}>/i),
};
const otherNetwork: Syntax = {
  meaning: 'a LoRA',
  find: (text) => first(text, /<(?:lyco|lycoris|hypernet):[^<>]{1,200}>/i),
};
const embedding: Syntax = {
  meaning: 'an embedding',
  find: (text) => first(text, /(?<!\w)embedding:[\w.-]{1,100}|<(?:embedding|ti):[^<>]{1,200}>/i),
};
const trailingWeight: Syntax = { meaning: 'a weight', find: (text) => first(text, /\)\d\.\d{1,3}(?![\d\w])/) };
const choice: Syntax = {
  meaning: 'a choice',
  find: (text) => pieceWith(text, curly, (inner) => inner.includes('|')),
};
const wildcard: Syntax = {
  meaning: 'a wildcard',
  find: (text) => first(text, /(?<!\w)__[A-Za-z0-9][\w/*-]{0,100}__(?!\w)/),
};

/** Of A1111, ComfyUI, InvokeAI and what people add to them: all that is text in a plain prompt. */
const inPlain: readonly Syntax[] = [
  lora,
  embedding,
  { meaning: 'a weight', find: (text) => pieceWith(text, round, isWeighted) ?? trailingWeight.find(text) },
  { meaning: 'an emphasis', find: (text) => doubled(text, '((', '))') ?? doubled(text, '[[', ']]') },
  { meaning: 'a schedule', find: (text) => pieceWith(text, square, isScheduled) },
  { meaning: 'an alternation', find: (text) => pieceWith(text, square, (inner) => inner.includes('|')) },
  choice,
  wildcard,
  { meaning: 'a break', find: (text) => keyword(text, /(?<!\w)BREAK(?!\w)/) },
  { meaning: 'a composition', find: (text) => keyword(text, /(?<!\w)AND(?!\w)/) },
];

/** What is text in A1111's grammar too: it belongs to extensions and to other programs. */
const inA1111: readonly Syntax[] = [embedding, trailingWeight, choice, wildcard];

const ofA1111 = {
  prompt: [
    otherNetwork,
    ...inA1111,
    {
      meaning: 'a composition in brackets',
      find: (text: string) => (placesOfWord(text, 'AND').length > bareWords(text, 'AND').length ? 'AND' : null),
    },
  ],
  negative: [lora, ...inA1111, { meaning: 'a composition', find: (text: string) => keyword(text, /(?<!\w)AND(?!\w)/) }],
} as const satisfies Record<string, readonly Syntax[]>;

/** What stands in brackets without others in it; a backslash in front makes them plain text there, too. */
const round = /(?<!\\)\(([^()]*)\)/g;
const square = /(?<!\\)\[([^[\]]*)\]/g;
const curly = /(?<!\\)\{([^{}]*)\}/g;

/** Characters of a piece that are shown. */
const shownLength = 40;

/**
 * A remark on pieces of a prompt that mean something to other programs and are read as plain text here; none for ordinary prose,
 * brackets among it.
 */
export function syntaxWarnings({ text, syntax, field, isNegative }: WrittenPrompt): readonly string[] {
  const syntaxes = syntax === 'plain' ? inPlain : isNegative ? ofA1111.negative : ofA1111.prompt;
  const found = syntaxes.flatMap(({ meaning, find }) => {
    const piece = find(text);
    return piece === null ? [] : [`${JSON.stringify(shortened(piece))} (${meaning})`];
  });
  if (found.length === 0) return [];
  const reason = syntax === 'plain' ? 'prompt_syntax is "plain"' : `such syntax has no effect in ${field}`;
  return [`${field}: ${listed(found)} ${found.length === 1 ? 'is' : 'are'} read as text: ${reason}.`];
}

function first(text: string, pattern: RegExp): string | null {
  return pattern.exec(text)?.[0] ?? null;
}

function pieceWith(text: string, pattern: RegExp, isMeant: (inner: string) => boolean): string | null {
  for (const [piece, inner = ''] of text.matchAll(pattern)) if (isMeant(inner)) return piece;
  return null;
}

/** `red:1.4`; not the 16:9 or the 10:30 of prose. */
function isWeighted(inner: string): boolean {
  const weight = /[^\d\s]\s{0,3}:\s{0,3}([-+]?\d{0,2}\.?\d{1,6})\s{0,3}$/.exec(inner.slice(-40))?.[1];
  return weight !== undefined && Math.abs(Number(weight)) <= 5;
}

/** `red:blue:0.5`, `red:10`, `:red:0.5`, `red::0.5`; not a time of the day. */
function isScheduled(inner: string): boolean {
  return /(?:^|[^\d\s])\s{0,3}:\s{0,3}\d{0,3}\.?\d{1,6}\s{0,3}$/.test(inner.slice(-40));
}

/** From `open` to the next `close`, where nothing but text is between them. */
function doubled(text: string, open: string, close: string): string | null {
  const start = text.indexOf(open);
  const end = start === -1 ? -1 : text.indexOf(close, start + open.length + 1);
  return end === -1 ? null : text.slice(start, end + close.length);
}

/** A word in capitals means something among others that are not: in a text that is all in capitals it is a word. */
function keyword(text: string, pattern: RegExp): string | null {
  return /\p{Ll}/u.test(text) ? first(text, pattern) : null;
}

/** As much of a piece as is shown. */
export function shortened(piece: string): string {
  return piece.length <= shownLength ? piece : `${piece.slice(0, shownLength - 3)}...`;
}

/** `a, b and c` */
export function listed(entries: readonly string[]): string {
  const [last] = entries.slice(-1);
  return entries.length === 1 ? String(last) : `${entries.slice(0, -1).join(', ')} and ${String(last)}`;
}
