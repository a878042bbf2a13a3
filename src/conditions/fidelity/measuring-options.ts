import type { Condition } from '../contract/condition.ts';
import { type ExtractorOptions, parseOptions } from '../contract/options.ts';

/**
 * Options with which a condition is extracted from a drawn picture, to be compared with a map that was made with
 * `preprocess`: the same ones. Of a ready-made map those that it was made with, where an earlier job made it, else the
 * defaults; these too where the options are not for photographs.
 */
export function measuringOptions(
  condition: Condition,
  preprocess: ExtractorOptions | false,
  madeWith: ExtractorOptions | null,
): ExtractorOptions {
  const options = preprocess === false ? madeWith : preprocess;
  return options === null || forFinishedMaps.has(String(options['from'])) ? parseOptions(condition) : options;
}

/** Values of `from` that turn drawings and label pictures into maps. */
const forFinishedMaps: ReadonlySet<string> = new Set(['drawing', 'labels']);
