import { ArmatureError } from '../errors.ts';
import { barePlaces, matchBrackets } from './brackets.ts';
import { promptLimits } from './limits.ts';
import { numberOf } from './number.ts';

/** A prompt that may say something else at each step: texts and what changes, one after the other. */
export interface ScheduledText {
  readonly nodes: readonly Node[];
  /** Pieces that look like a schedule and are none. */
  readonly readAsText: readonly string[];
}

type Node = string | Schedule | Alternation;

/** `[before:after:when]` */
interface Schedule {
  readonly before: readonly Node[];
  readonly after: readonly Node[];
  readonly when: When;
}

/** A share of the steps where it is written with a dot, else how many steps. */
interface When {
  readonly value: number;
  readonly isShare: boolean;
  /** The whole piece. */
  readonly written: string;
}

/** `[a|b|c]` */
interface Alternation {
  readonly choices: readonly (readonly Node[])[];
}

/** The steps of one pass. */
export interface PassSteps {
  /** Those that are executed, with those that another model makes before or after them in the same run. */
  readonly steps: number;
  /** Which of them are the pass's own, where that is not all of them. */
  readonly own?: { readonly from: number; readonly count: number };
  /** Of a pass that goes on with the prompt of the pass before it: the steps of that one. */
  readonly goesOnAfter?: number;
}

/**
 * Reads prompt editing in A1111's grammar: `[a:b:x]` is a on the steps before x and then b, `[b:x]` and `[a::x]` begin and end, and
 * `[a|b|c]` takes one after the other. Emphasis stays in the texts as it is written. Throws `invalid_request` for more than
 * {@link promptLimits} allow; `field` is the prompt's.
 */
export function parseSchedule(text: string, field: string): ScheduledText {
  const brackets = matchBrackets(text);
  const readAsText: string[] = [];
  let count = 0;
  const read = (from: number, to: number, depth: number): readonly Node[] => {
    const nodes: Node[] = [];
    let plainFrom = from;
    for (let at = from; at < to; at += 1) {
      if (text[at] === '\\') {
        at += 1;
        continue;
      }
      const end = text[at] === '[' ? brackets.get(at) : undefined;
      if (end === undefined) continue;
      const parts = partsOf(text, brackets, at, end);
      if (parts === null) continue;
      if (parts === 'unclear') {
        readAsText.push(text.slice(at, end + 1));
        continue;
      }
      count += 1;
      if (count > promptLimits.schedules) throw tooMany(field, 'schedules and alternations', promptLimits.schedules);
      if (depth >= promptLimits.nesting) {
        throw tooMany(field, 'schedules and alternations inside one another', promptLimits.nesting);
      }
      const inner = parts.ranges.map(([start, stop]) => read(start, stop, depth + 1));
      if (parts.when === null && inner.length > promptLimits.choices) {
        throw tooMany(field, 'choices in an alternation', promptLimits.choices);
      }
      const [first = [], second] = inner;
      nodes.push(
        text.slice(plainFrom, at),
        parts.when === null
          ? { choices: inner }
          : second === undefined
            ? { before: [], after: first, when: parts.when }
            : { before: first, after: second, when: parts.when },
      );
      at = end;
      plainFrom = end + 1;
    }
    nodes.push(text.slice(plainFrom, to));
    return nodes;
  };
  return { nodes: read(0, text.length, 0), readAsText };
}

type Range = readonly [from: number, to: number];

/** What a pair of square brackets holds: choices where `when` is null. Null for one that is an emphasis. */
type Parts = { readonly ranges: readonly Range[]; readonly when: When | null } | 'unclear' | null;

function partsOf(text: string, brackets: ReadonlyMap<number, number>, open: number, close: number): Parts {
  const colons: number[] = [];
  const bars: number[] = [];
  for (const at of barePlaces(text, brackets, open + 1, close)) {
    if (text[at] === ':') colons.push(at);
    else if (text[at] === '|') bars.push(at);
  }
  if (bars.length > 0) return { ranges: rangesBetween([open, ...bars, close]), when: null };
  const last = colons.at(-1);
  const written = last === undefined ? '' : text.slice(last + 1, close);
  const value = numberOf(written);
  if (value === null) return null;
  if (colons.length > 2) return 'unclear';
  const when = { value, isShare: written.includes('.'), written: text.slice(open, close + 1) };
  return { ranges: rangesBetween([open, ...colons]), when };
}

/** What stands between each two neighbours of these places. */
function rangesBetween(places: readonly number[]): readonly Range[] {
  return places.slice(1).map((end, index) => [(places[index] ?? 0) + 1, end]);
}

/** What a prompt says at a step of a pass, counted from 0. */
export function textAt({ nodes }: ScheduledText, step: number, pass: PassSteps): string {
  const texts: string[] = [];
  const add = (some: readonly Node[]): void => {
    for (const node of some) {
      if (typeof node === 'string') texts.push(node);
      else if ('choices' in node) add(node.choices[step % node.choices.length] ?? []);
      else add(step < stepOf(node.when, pass) ? node.before : node.after);
    }
  };
  add(nodes);
  return texts.join('');
}

/** What a prompt says in a pass: each different text once, in the order in which they come, and which of them at each step. */
export function textsOf(
  schedule: ScheduledText,
  pass: PassSteps,
): { readonly texts: readonly string[]; readonly at: readonly number[] } {
  const places = new Map<string, number>();
  const texts = new Map<string, number>();
  const { from, count } = ownSteps(pass);
  const at = Array.from({ length: count }, (_, index) => {
    const step = from + index;
    // Steps at which all schedules stand alike are many, and a text may be long.
    const turns = turnsAt(schedule.nodes, step, pass);
    const known = places.get(turns);
    if (known !== undefined) return known;
    const text = textAt(schedule, step, pass);
    const place = texts.get(text) ?? texts.size;
    texts.set(text, place);
    places.set(turns, place);
    return place;
  });
  return { texts: [...texts.keys()], at };
}

/** Which side each schedule shows at a step, and which choice each alternation, as text. Is asked for every step, so it makes no lists. */
function turnsAt(nodes: readonly Node[], step: number, pass: PassSteps): string {
  let turns = '';
  for (const node of nodes) {
    if (typeof node === 'string') continue;
    const turn = 'choices' in node ? step % node.choices.length : Number(step >= stepOf(node.when, pass));
    const shown = 'choices' in node ? (node.choices[turn] ?? []) : turn === 0 ? node.before : node.after;
    turns += `${turn},${turnsAt(shown, step, pass)}`;
  }
  return turns;
}

/** The step from which on a schedule has changed, cut to those of the pass: as many as it has is never. */
function stepOf({ value, isShare }: When, { steps, goesOnAfter }: PassSteps): number {
  const step = isShare
    ? Math.trunc((value - (goesOnAfter === undefined ? 0 : 1)) * steps)
    : Math.trunc(value) - (goesOnAfter ?? 0);
  return Math.min(steps, Math.max(0, step));
}

/** Schedules that have one and the same side throughout all of these passes, as they are written. */
export function unchanging({ nodes }: ScheduledText, passes: readonly PassSteps[]): readonly string[] {
  return nodes.flatMap((node): readonly string[] => {
    if (typeof node === 'string') return [];
    const inner = 'choices' in node ? node.choices : [node.before, node.after];
    const found = inner.flatMap((some) => unchanging({ nodes: some, readAsText: [] }, passes));
    if ('choices' in node) return found;
    const sides = new Set(passes.flatMap((pass) => sidesIn(node.when, pass)));
    return sides.size > 1 ? found : [node.when.written, ...found];
  });
}

/** Which sides of a schedule a pass shows. */
function sidesIn(when: When, pass: PassSteps): readonly ('before' | 'after')[] {
  const { from, count } = ownSteps(pass);
  const step = stepOf(when, pass);
  return [...(step > from ? (['before'] as const) : []), ...(step < from + count ? (['after'] as const) : [])];
}

function ownSteps({ steps, own = { from: 0, count: steps } }: PassSteps): NonNullable<PassSteps['own']> {
  return own;
}

function tooMany(field: string, what: string, most: number): ArmatureError {
  const detail =
    `Expected ${field} to have at most ${most} ${what} but it has more. ` +
    'Write a backslash before brackets that are text, or send prompt_syntax "plain".';
  return new ArmatureError('invalid_request', detail, { field });
}
