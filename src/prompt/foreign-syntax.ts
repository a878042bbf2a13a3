/** What other programs mean by a piece of a prompt, and how it is found. Each looks at a text in time linear in its length. */
interface Syntax {
  readonly meaning: string;
  /** The first such piece; null where there is none. */
  readonly find: (text: string) => string | null;
}

/** Of A1111, ComfyUI, InvokeAI and what people add to them. */
const syntaxes: readonly Syntax[] = [
  { meaning: 'a LoRA', find: (text) => first(text, /<(?:lora|lyco|lycoris|hypernet):[^<>]{1,200}>/i) },
  {
    meaning: 'an embedding',
    find: (text) => first(text, /(?<!\w)embedding:[\w.-]{1,100}|<(?:embedding|ti):[^<>]{1,200}>/i),
  },
  { meaning: 'a weight', find: (text) => pieceWith(text, round, isWeighted) ?? first(text, /\)\d\.\d{1,3}(?![\d\w])/) },
  { meaning: 'an emphasis', find: (text) => doubled(text, '((', '))') ?? doubled(text, '[[', ']]') },
  { meaning: 'a schedule', find: (text) => pieceWith(text, square, isScheduled) },
  { meaning: 'an alternation', find: (text) => pieceWith(text, square, (inner) => inner.includes('|')) },
  { meaning: 'a choice', find: (text) => pieceWith(text, curly, (inner) => inner.includes('|')) },
  { meaning: 'a wildcard', find: (text) => first(text, /(?<!\w)__[A-Za-z0-9][\w/*-]{0,100}__(?!\w)/) },
  { meaning: 'a break', find: (text) => keyword(text, /(?<!\w)BREAK(?!\w)/) },
  { meaning: 'a composition', find: (text) => keyword(text, /(?<!\w)AND(?!\w)/) },
];

/** What stands in brackets without others in it; a backslash in front makes them plain text there, too. */
const round = /(?<!\\)\(([^()]*)\)/g;
const square = /(?<!\\)\[([^[\]]*)\]/g;
const curly = /(?<!\\)\{([^{}]*)\}/g;

/** Characters of a piece that are shown. */
const shownLength = 40;

/**
 * A remark on pieces of a prompt that mean something to other programs and are read as plain text here; none for ordinary prose,
 * brackets among it. `field` is the prompt's.
 */
export function syntaxWarnings(text: string, field: string): readonly string[] {
  const found = syntaxes.flatMap(({ meaning, find }) => {
    const piece = find(text);
    return piece === null ? [] : [`${JSON.stringify(short(piece))} (${meaning})`];
  });
  if (found.length === 0) return [];
  const verb = found.length === 1 ? 'is' : 'are';
  return [`${field}: ${listed(found)} ${verb} read as text: such syntax of other programs has no effect here yet.`];
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

function short(piece: string): string {
  return piece.length <= shownLength ? piece : `${piece.slice(0, shownLength - 3)}...`;
}

function listed(entries: readonly string[]): string {
  const [last] = entries.slice(-1);
  return entries.length === 1 ? String(last) : `${entries.slice(0, -1).join(', ')} and ${String(last)}`;
}
