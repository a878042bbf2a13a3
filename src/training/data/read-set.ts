import { openEntries } from './entries/open.ts';
import { checkPair, type CheckedPair } from './check-pair.ts';
import { invalidSet } from './contract/invalid-set.ts';
import type { BadFile, Laid, Layout } from './contract/layout.ts';
import { setFiles } from './layouts/set-files.ts';
import { layoutOf } from './layouts/registry.ts';
import { badFiles, reportOf } from './report.ts';
import type { SetParts, SetRules } from './rules.ts';
import type { SetSource } from './contract/entry.ts';
import { epochLength, type TrainingSet } from './set.ts';
import { refuseNeglectedCaptions } from './neglected-captions.ts';

/**
 * Reads a set in whatever layout it lies: everything is decoded and parsed here, before the first step, and nothing but names,
 * sizes and hashes is kept of it. Two pairs at a time are in memory, however many there are.
 *
 * @throws ArmatureError `invalid_set`, with all that is bad where that is to be refused.
 */
export async function readTrainingSet(source: SetSource, rules: SetRules, parts: SetParts): Promise<TrainingSet> {
  const entries = await openEntries(source, rules.limits);
  try {
    const files = setFiles(entries.files);
    const layout = layoutOf(files);
    const laid = await layout.read(files, rules.limits);
    const checked = await checkPairs(laid.pairs, rules, parts);
    const bad = [...laid.bad, ...checked.bad];
    const missing = missingMaps(checked.pairs, rules);
    bad.push(...missing.map(({ picture }) => ({ name: picture.name, reason: 'It has no map.' })));
    const without = new Set(missing);
    const pairs = checked.pairs.filter((pair) => !without.has(pair)).toSorted((a, b) => (a.key < b.key ? -1 : 1));
    if (rules.onBad === 'refuse' && bad.length > 0) throw badFiles(bad, pairs.length + bad.length);
    requirePairs(pairs, bad, layout);
    if (rules.captions === 'found') refuseNeglectedCaptions(pairs, laid, files);
    const report = reportOf({ layout, laid, pairs, bad, missing, clutter: entries.clutter, files: files.all }, rules);
    const close = async (): Promise<void> => await entries.close();
    return { pairs, report, close };
  } catch (error) {
    await entries.close();
    throw error;
  }
}

/** Pairs that are decoded at the same time. */
const atOnce = 2;

async function checkPairs(
  drafts: Laid['pairs'],
  rules: SetRules,
  parts: SetParts,
): Promise<{ readonly pairs: readonly CheckedPair[]; readonly bad: readonly BadFile[] }> {
  const found: (CheckedPair | BadFile)[] = [];
  let [next, looked] = [0, 0];
  const work = async (): Promise<void> => {
    for (let at = next++; at < drafts.length; at = next++) {
      parts.signal.throwIfAborted();
      found[at] = await checkPair(drafts[at]!, rules, parts);
      looked += 1;
      await parts.onProgress?.(looked, drafts.length);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return {
    pairs: found.filter((one): one is CheckedPair => 'key' in one),
    bad: found.filter((one): one is BadFile => 'reason' in one),
  };
}

/** Pictures that lack a map which they need, or which others have. */
function missingMaps(pairs: readonly CheckedPair[], { maps }: SetRules): readonly CheckedPair[] {
  const without = pairs.filter(({ map }) => map === null);
  const isMeant = maps === 'needed' || (maps === 'wanted' && without.length < pairs.length);
  return isMeant ? without : [];
}

/** What is put in order at once while it is trained: a number for each. */
const longestEpoch = 10_000_000;

function requirePairs(pairs: readonly CheckedPair[], bad: readonly BadFile[], { looks }: Layout): void {
  const [first, ...others] = pairs;
  if (first === undefined) {
    if (bad.length > 0) throw badFiles(bad, bad.length);
    throw invalidSet(`Expected pictures to learn from but ${looks} names none.`);
  }
  const epoch = epochLength(pairs);
  if (epoch > longestEpoch) {
    throw invalidSet(
      `Expected an epoch of at most ${longestEpoch} pictures, each as often as it comes, but this one has ${epoch}: lower the repeats.`,
    );
  }
  if (others.length > 0 && others.every(({ picture }) => picture.sha256 === first.picture.sha256)) {
    throw invalidSet(
      `Expected different pictures but all ${pairs.length} are the same one (${first.picture.name}): nothing can be learnt from them.`,
    );
  }
}
