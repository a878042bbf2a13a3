import type { DrawOptions } from '../device/device-process.ts';
import type { AttemptKey, Drawing, DrawRequest } from '../device/protocol.ts';
import type { JobTimings, Progress } from '../generation/job.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import type { BaseModel, ControlNetModel } from '../generation/model.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { type ChosenPicture, choiceWarnings, choosePictures } from './choose-pictures.ts';
import { type MadeMap, makeMap, type MapParts } from './make-map.ts';
import { isNowhere, makeRegion, type RegionMask } from './make-region.ts';
import { refuseStrictly } from './remarks.ts';

/** What is asked of the device process. */
export interface DrawingDevice {
  draw(request: DrawRequest, options: DrawOptions & { readonly signal: AbortSignal }): Promise<Drawing>;
}

export interface DrawingParts extends MapParts {
  readonly device: DrawingDevice;
  readonly tracing: Tracing;
}

export interface PlanModels {
  readonly base: BaseModel;
  /** controlNets[i] serves plan.controls[i]. */
  readonly controlNets: readonly ControlNetModel[];
}

/** What a control is fed with and where it acts. */
export interface MadeControl extends MadeMap {
  /** Null where it acts everywhere. */
  readonly region: RegionMask | null;
}

export interface DrawnPlan {
  /** maps[i] is what control i was fed with. */
  readonly maps: readonly MadeControl[];
  /** `count` pictures, in the order of their seeds. */
  readonly pictures: readonly ChosenPicture[];
  readonly warnings: readonly string[];
  readonly meanBatch: number;
  readonly timings: Pick<JobTimings, 'prepare' | 'draw' | 'evaluate'>;
}

/** Makes the maps of a plan, draws it, and compares what was drawn with the maps where that is asked for. */
export async function drawPlan(
  parts: DrawingParts,
  plan: GenerationPlan,
  models: PlanModels,
  attempt: AttemptKey,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void },
): Promise<DrawnPlan> {
  const startedAt = performance.now();
  const { tracing } = parts;
  const maps = await tracing.span('make maps', {}, async () => await makeMaps(parts, plan, signal));
  const preparedAt = performance.now();
  // To the device each candidate is one more picture of the plan.
  const drawn = { ...plan, count: plan.count * plan.bestOf };
  const hints = maps.map(({ map }) => map);
  const regions = maps.map(({ region }) => region);
  const drawing = await tracing.span('draw', { attributes: { 'armature.steps': plan.steps } }, async (span) => {
    const done = await parts.device.draw(
      { ...attempt, plan: drawn, ...models, hints, regions },
      { signal, onProgress },
    );
    span.set({ 'armature.mean_batch': done.meanBatch });
    return done;
  });
  const drawnAt = performance.now();
  const choose = async () => await choosePictures(parts.extractor, plan, maps, drawing.images, signal);
  const pictures = await (plan.evaluate ? tracing.span('evaluate', {}, choose) : choose());
  const remarks = maps.flatMap((map, index) => remarksOn(map).map((detail) => `controls[${index}]: ${detail}`));
  return {
    maps,
    pictures,
    warnings: [...remarks, ...drawing.warnings, ...choiceWarnings(pictures)],
    meanBatch: drawing.meanBatch,
    timings: {
      prepare: Math.round(preparedAt - startedAt),
      draw: Math.round(drawnAt - preparedAt),
      ...(plan.evaluate ? { evaluate: Math.round(performance.now() - drawnAt) } : {}),
    },
  };
}

async function makeMaps(parts: MapParts, plan: GenerationPlan, signal: AbortSignal): Promise<readonly MadeControl[]> {
  return await Promise.all(
    plan.controls.map(async (control, index) => {
      const [made, region] = await Promise.all([
        makeMap(parts, control, plan, signal),
        makeRegion(parts.store, control, plan, parts.decoder),
      ]);
      if (plan.strict) refuseStrictly(made.remarks, `controls[${index}].image`);
      return { ...made, region };
    }),
  );
}

function remarksOn({ remarks, region }: MadeControl): readonly string[] {
  const details = remarks.map(({ detail }) => detail);
  return isNowhere(region) ? [...details, 'its mask is black all over: it does not act.'] : details;
}
