import type { Catalog } from './catalog.ts';
import type { Plan } from './plan.ts';

/** A network that a job needs to make its maps. */
export interface NeededNetwork {
  readonly id: string;
  /** Path of the options in the request that ask for it. */
  readonly field: string;
}

/** The networks that the maps of a plan are made with. What is only measured with afterwards is none of them. */
export function neededNetworks(plan: Plan, conditionOf: Catalog['condition']): readonly NeededNetwork[] {
  const needed = (type: string, options: Readonly<Record<string, unknown>>, field: string): readonly NeededNetwork[] =>
    (conditionOf(type, 'type').networks?.(options) ?? []).map((id) => ({ id, field }));
  if (plan.kind === 'extraction') return needed(plan.condition, plan.options, 'options');
  return plan.controls.flatMap(({ type, source }, index) =>
    source.kind === 'photo' ? needed(type, source.preprocess, `controls[${index}].preprocess`) : [],
  );
}
