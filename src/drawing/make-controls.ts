import type { Size } from '../numeric/size.ts';
import type { ControlWork, FoundControl } from '../pipeline/controls/control-work.ts';
import { makeMap, type MapParts } from './make-map.ts';
import { isNowhere, makeRegion } from './make-region.ts';
import { refuseStrictly } from './remarks.ts';

/** Makes the inputs of controls for a frame of this size. A strict job ends over the first remark that is more than a remark. */
export async function makeControls(
  parts: MapParts,
  controls: readonly FoundControl[],
  size: Size,
  strict: boolean,
  signal: AbortSignal,
): Promise<readonly ControlWork[]> {
  return await Promise.all(
    controls.map(async (control) => {
      const [made, region] = await Promise.all([
        makeMap(parts, control.plan, size, signal),
        makeRegion(parts.store, control.plan, size, parts.decoder),
      ]);
      if (strict) refuseStrictly(made.remarks, `controls[${control.index}].image`);
      return { ...control, inputs: { ...made, region } };
    }),
  );
}

/** What there is to say of controls, each remark with the name of its control. */
export function controlRemarks(controls: readonly ControlWork[]): readonly string[] {
  return controls.flatMap(({ index, inputs: { remarks, region } }) => {
    const details = remarks.map(({ detail }) => detail);
    const all = isNowhere(region) ? [...details, 'its mask is black all over: it does not act.'] : details;
    return all.map((detail) => `controls[${index}]: ${detail}`);
  });
}
