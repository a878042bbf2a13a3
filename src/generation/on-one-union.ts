import { ArmatureError } from '../errors.ts';
import type { ModelList } from './models/model-list.ts';
import { actsIn } from './passes.ts';
import type { PlannedControl } from './planned-control.ts';

interface Numbered {
  readonly control: PlannedControl;
  readonly index: number;
}

/**
 * Controls on one union ControlNet are one run of it in a pass in which they act: what it gives cannot be told apart by control. Throws
 * `incompatible_control` where they differ in mode or in how often they run, or one acts in a region.
 */
export function refuseApartOnUnion(controls: readonly PlannedControl[], { controlNets }: ModelList): void {
  for (const { id, unionTypes } of controlNets) {
    if (unionTypes === null) continue;
    const given = controls.flatMap((control, index) => (control.model.id === id ? [{ control, index }] : []));
    for (const stage of ['low', 'high'] as const) {
      refuseApart(
        given.filter(({ control }) => actsIn(control.passes, { stage, refines: false })),
        id,
      );
    }
  }
}

function refuseApart([first, ...others]: readonly Numbered[], id: string): void {
  if (first === undefined || others.length === 0) return;
  const together = `are given to the union ControlNet ${id}, which runs once for all of them`;
  const all = [first, ...others].map(({ index }) => `controls[${index}]`).join(' and ');
  const other = others.find(({ control }) => control.mode !== first.control.mode);
  if (other !== undefined) {
    const detail = `${all} ${together}: expected the mode ${first.control.mode} of controls[${other.index}] too but received ${other.control.mode}.`;
    throw new ArmatureError('incompatible_control', detail, { field: `controls[${other.index}].mode` });
  }
  const { every = 1 } = first.control;
  const apart = others.find(({ control }) => (control.every ?? 1) !== every);
  if (apart !== undefined) {
    const detail = `${all} ${together}: expected every to be ${every} of controls[${apart.index}] too but received ${apart.control.every ?? 1}.`;
    throw new ArmatureError('incompatible_control', detail, { field: `controls[${apart.index}].every` });
  }
  const masked = [first, ...others].find(({ control }) => control.region !== undefined);
  if (masked !== undefined) {
    const detail = `${all} ${together}: expected no mask, or another ControlNet for the one that has it.`;
    throw new ArmatureError('incompatible_control', detail, { field: `controls[${masked.index}].mask` });
  }
}
