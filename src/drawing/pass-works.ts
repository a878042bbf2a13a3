import { actsIn, passesOf, type PlannedPass } from '../generation/passes.ts';
import { type BaseModel, sharesLatents } from '../generation/models/base.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import type { ControlWork } from '../pipeline/controls/control-work.ts';
import type { Frame } from '../pixels/frame.ts';
import type { PassWork } from './draw-passes.ts';
import type { PlanModels } from './find-models.ts';
import { makeControls } from './make-controls.ts';
import type { MapParts } from './make-map.ts';

/** What the passes of a plan are drawn with, and its controls as their last passes have them. */
export interface PassWorks {
  readonly passes: readonly PassWork[];
  readonly controls: readonly ControlWork[];
}

/**
 * Makes the inputs of controls anew for each pass that they act in, from what they came from: a map that is enlarged has less to say than one
 * that is made at that size. `canvas` is the frame of the first pass.
 */
export async function makePassWorks(
  parts: MapParts,
  plan: GenerationPlan,
  { bases, controls, loras, words, autoencoder, upscaler }: PlanModels,
  canvas: Frame,
  signal: AbortSignal,
): Promise<PassWorks> {
  const passes: PassWork[] = [];
  const last = new Map<number, ControlWork>();
  for (const [index, pass] of passesOf(plan).entries()) {
    const base = bases[index]!;
    const acting = controls.filter((control) => actsIn(control.plan.passes, pass));
    const works = await makeControls(parts, acting, frameOf(pass, base, canvas), plan.strict, signal);
    for (const work of works) last.set(work.index, work);
    passes.push({
      base,
      controls: works,
      ...(upscaler === null || pass.takes === null || pass.takes === 'goes on' ? {} : { upscaler }),
      // One that stands in for the first model's own knows nothing of other latents.
      autoencoder: sharesLatents(base, bases[0]!) ? autoencoder : { vae: null, taesd: null },
      words: words.flatMap((word) => (word.plan.base === pass.model.id ? [word.work] : [])),
      loras: loras.flatMap((lora) => (actsIn(lora.plan.passes, pass) ? [lora.work] : [])),
    });
  }
  return { passes, controls: controls.flatMap(({ index }) => last.get(index) ?? []) };
}

/** What a pass shows: the first one's frame, or of that the middle that is left where what was drawn is enlarged and cut. */
function frameOf({ takes, width, height }: PlannedPass, { latentScale: cell }: BaseModel, canvas: Frame): Frame {
  // What goes on has no controls that a frame of its own would be made for.
  if (takes === null || takes === 'goes on') return canvas;
  const { width: across, height: down } = takes.to;
  const before = (whole: number, left: number): number => Math.floor((whole - left) / cell / 2) * cell;
  return {
    source: { width: across, height: down },
    box: { x: before(across, width), y: before(down, height), width, height },
    working: { width, height },
  };
}
