import type { ControlWork, FoundControl } from '../pipeline/controls/control-work.ts';
import type { Frame } from '../pixels/frame.ts';
import { makeMap, type MapParts } from './make-map.ts';
import { isNowhere } from '../pixels/region.ts';
import { makeRegion } from './make-region.ts';
import { refuseStrictly } from './remarks.ts';

/**
 * Makes the inputs of controls for one frame that they act in, one after another: the file of a picture may have 32 MiB, and the extractor
 * makes one map at a time. A strict job ends over the first remark that is more than a remark.
 */
export async function makeControls(
  parts: MapParts,
  controls: readonly FoundControl[],
  frame: Frame,
  strict: boolean,
  signal: AbortSignal,
): Promise<readonly ControlWork[]> {
  const works: ControlWork[] = [];
  for (const control of controls) {
    const made = await makeMap(parts, { ...control.plan, encoder: control.encoder }, frame, signal);
    // Pictures that stand beside the prompt lie nowhere.
    const isEverywhere = control.plan.source.kind === 'pictures' && control.plan.region === undefined;
    const region = isEverywhere ? null : await makeRegion(parts.store, control.plan, frame, parts.decoder);
    if (strict) refuseStrictly(made.remarks, `controls[${control.index}].image`);
    works.push({ ...control, inputs: { ...made, region } });
  }
  return works;
}

/** What there is to say of controls, each remark with the name of its control. */
export function controlRemarks(controls: readonly ControlWork[]): readonly string[] {
  return controls.flatMap(({ index, plan, inputs: { remarks, region } }) => {
    const details = remarks.map(({ detail }) => detail);
    const why = plan.region === undefined ? 'all that is drawn lies beyond its picture' : 'its mask is black all over';
    const all = isNowhere(region) ? [...details, `${why}: it does not act.`] : details;
    return all.map((detail) => `controls[${index}]: ${detail}`);
  });
}
