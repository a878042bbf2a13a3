import type { Condition, ConditionMap, RequestedMap } from '../contract/condition.ts';
import { type ExtractorOptions, parseOptions } from '../contract/options.ts';
import { type Fidelity, unmeasured } from '../contract/fidelity.ts';

/** Whether pictures can be compared with maps of this condition. */
export function isMeasured({ fidelity }: Condition): boolean {
  return typeof fidelity === 'function';
}

/** Why pictures are not compared with maps of a condition without a measure. */
export function reasonOfNoMeasure({ id, fidelity }: Condition): string {
  const reason = typeof fidelity === 'function' ? null : fidelity.none;
  return reason === null ? `There is no measure for ${id}.` : `There is no measure for ${id}: ${reason}.`;
}

/**
 * Compares the map that was extracted from a picture, with `options`, with the one that it was to obey; both have one size.
 * What is masked in the requested map is left out.
 */
export async function fidelityOf(
  condition: Condition,
  drawn: ConditionMap,
  requested: RequestedMap,
  options: ExtractorOptions,
): Promise<Fidelity> {
  const { fidelity } = condition;
  if (typeof fidelity !== 'function') return unmeasured(null, reasonOfNoMeasure(condition));
  return (await fidelity())(drawn, requested, options);
}

/**
 * Options with which a condition is extracted from a drawn picture, to be compared with a map: those that the map was `extracted`
 * with, else (null) the defaults; these too where the options are not for photographs.
 */
export function measuringOptions(condition: Condition, extracted: ExtractorOptions | null): ExtractorOptions {
  return extracted === null || condition.forPhotographs?.(extracted) === false ? parseOptions(condition) : extracted;
}
