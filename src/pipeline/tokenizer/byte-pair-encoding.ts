import { byteAlphabet } from './byte-alphabet.ts';

/** Marks the last symbol of a word in CLIP's vocabulary. */
const endOfWord = '</w>';

/**
 * The ranks of `merges.txt`: one pair of symbols a line, best first. Lines that are empty or begin with `#version` are no
 * merges.
 */
export function mergeRanks(merges: string): ReadonlyMap<string, number> {
  const lines = merges.split('\n').map((line) => line.trimEnd());
  const pairs = lines.filter((line) => line !== '' && !line.startsWith('#version'));
  return new Map(pairs.map((pair, rank) => [pair, rank]));
}

/**
 * Byte-pair encoding of one word (Sennrich et al. 2016, on UTF-8 bytes as in GPT-2): as long as two neighbours form a
 * known pair, those of the best rank become one symbol.
 */
export function encodeWord(word: string, ranks: ReadonlyMap<string, number>): string[] {
  const symbols = Array.from(new TextEncoder().encode(word), (byte) => byteAlphabet[byte] ?? '');
  symbols.push((symbols.pop() ?? '') + endOfWord);
  const pairs = symbols.map((_, index) => pairRank(symbols, index, ranks));
  for (;;) {
    const best = lowest(pairs);
    if (best === notAPair) return symbols;
    mergePairs(symbols, pairs, best, ranks);
  }
}

const notAPair = Number.POSITIVE_INFINITY;

/** The rank of the pair that begins at `index`. */
function pairRank(symbols: readonly string[], index: number, ranks: ReadonlyMap<string, number>): number {
  return index + 1 < symbols.length ? (ranks.get(`${symbols[index]} ${symbols[index + 1]}`) ?? notAPair) : notAPair;
}

function lowest(values: readonly number[]): number {
  let best = notAPair;
  for (const value of values) if (value < best) best = value;
  return best;
}

/**
 * Merges every pair of rank `best` from the left (of three in a row the first two), in place, and looks up again only the
 * ranks beside merged symbols: a word of n bytes costs n light operations a merge.
 */
function mergePairs(symbols: string[], pairs: number[], best: number, ranks: ReadonlyMap<string, number>): void {
  const merged: number[] = [];
  let length = 0;
  for (let i = 0; i < symbols.length; i++, length++) {
    const isBest = pairs[i] === best;
    symbols[length] = isBest ? `${symbols[i]}${symbols[i + 1]}` : (symbols[i] ?? '');
    if (isBest) merged.push(length);
    if (isBest) i += 1;
    pairs[length] = pairs[i] ?? notAPair;
  }
  symbols.length = length;
  pairs.length = length;
  for (const index of merged) {
    if (index > 0) pairs[index - 1] = pairRank(symbols, index - 1, ranks);
    pairs[index] = pairRank(symbols, index, ranks);
  }
}
