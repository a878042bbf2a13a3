import type { Catalog } from './catalog.ts';
import type { NeededNetwork } from './job-kind.ts';

/** The networks that a condition is extracted with by these options, which stand in the request at path `field`. */
export function networksOf(
  condition: string,
  options: Readonly<Record<string, unknown>>,
  field: string,
  conditionOf: Catalog['condition'],
): readonly NeededNetwork[] {
  return (conditionOf(condition, 'type').networks?.(options) ?? []).map((id) => ({ id, field }));
}
