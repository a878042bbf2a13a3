import type { ControlWork, FoundControl } from '../pipeline/controls/control-work.ts';
import type { Frame } from '../pixels/frame.ts';
import { makeMap, type MapParts } from './make-map.ts';
import { isNowhere } from '../pixels/region.ts';
import { makeRegion } from './make-region.ts';
import { refuseStrictly } from './remarks.ts';

/** Makes the inputs of controls for one frame that they act in. A strict job ends over the first remark that is more than a remark. */
export async function makeControls(
  parts: MapParts,
  controls: readonly FoundControl[],
  frame: Frame,
  strict: boolean,
  signal: AbortSignal,
): Promise<readonly ControlWork[]> {
  return await Promise.all(
    controls.map(async (control) => {
      const [made, region] = await Promise.all([
        makeMap(parts, control.plan, frame, signal),
        makeRegion(parts.store, control.plan, frame, parts.decoder),
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
