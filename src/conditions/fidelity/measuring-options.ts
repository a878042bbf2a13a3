import type { Condition } from '../condition.ts';
import { type ExtractorOptions, parseOptions } from '../options.ts';

/**
 * Options with which a condition is extracted from a drawn picture, to be compared with a map that was made with
 * `preprocess`: the same ones, or the defaults where the map was ready-made or its options are not for photographs.
 */
export function measuringOptions(condition: Condition, preprocess: ExtractorOptions | false): ExtractorOptions {
  if (preprocess === false || forFinishedMaps.has(String(preprocess['from']))) return parseOptions(condition);
  return preprocess;
}

/** Values of `from` that turn drawings and label pictures into maps. */
const forFinishedMaps: ReadonlySet<string> = new Set(['drawing', 'labels']);
