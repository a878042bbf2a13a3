import { type Fidelity, unmeasured } from '../conditions/contract/fidelity.ts';
import { isMeasured, measuringOptions, reasonOfNoMeasure } from '../conditions/fidelity/fidelity.ts';
import { conditionOf } from '../conditions/registry.ts';
import { ArmatureError } from '../errors.ts';
import type { ExtractorProcess } from '../extractor/extractor-process.ts';
import type { Candidate, ControlFidelity } from '../generation/job.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import { extractedWith } from '../generation/planned-control.ts';
import type { ControlInputs, ControlWork } from '../pipeline/controls/control-work.ts';
import type { DrawnPicture } from './draw-passes.ts';
import { seenSize } from './make-map.ts';
import type { MaskedImage, RgbImage } from '../pixels/rgb-image.ts';

/** A picture that is kept, and how well it and those that it was chosen from obey their controls. */
export interface ChosenPicture extends DrawnPicture {
  /** Absent where nothing was compared. */
  readonly fidelity?: readonly ControlFidelity[];
  /** Absent where it was not chosen from several. */
  readonly candidates?: readonly Candidate[];
}

/** What a plan says of comparing and choosing. */
export type EvaluationPlan = Pick<GenerationPlan, 'evaluate' | 'count'>;

/**
 * Compares what was drawn with the maps that it was to obey, if the plan says so, and keeps the best candidate for each output.
 * `pictures` are in the order of their seeds.
 */
export async function choosePictures(
  extractor: ExtractorProcess,
  plan: EvaluationPlan,
  controls: readonly ControlWork[],
  pictures: readonly DrawnPicture[],
  signal: AbortSignal,
): Promise<readonly ChosenPicture[]> {
  if (!plan.evaluate) return pictures;
  const chosen: ChosenPicture[] = [];
  for (let output = 0; output < plan.count; output++) {
    const drawn = pictures.filter((picture) => picture.output === output);
    const candidates: Candidate[] = [];
    for (const { seed, variation, image } of drawn) {
      const fidelity = await fidelityOfPicture(extractor, controls, image, signal);
      candidates.push({
        seed,
        ...(variation === undefined ? {} : { variation }),
        score: meanValue(fidelity),
        fidelity,
      });
    }
    const best = indexOfBest(candidates);
    const { fidelity } = candidates[best]!;
    chosen.push({ ...drawn[best]!, fidelity, ...(drawn.length > 1 ? { candidates } : {}) });
  }
  return chosen;
}

/** Said where a choice was to be made and there was nothing to make it by. */
export function choiceWarnings(chosen: readonly ChosenPicture[]): readonly string[] {
  const blind = chosen.some(({ candidates }) => candidates?.every(({ score }) => score === null) === true);
  return blind
    ? ['best_of: no candidate could be compared with its maps, so the first was kept; fidelity says why.']
    : [];
}

async function fidelityOfPicture(
  extractor: ExtractorProcess,
  controls: readonly ControlWork[],
  image: RgbImage,
  signal: AbortSignal,
): Promise<readonly ControlFidelity[]> {
  const figures: ControlFidelity[] = [];
  for (const control of controls) {
    const measured = await measure(extractor, control, image, signal);
    figures.push({ control: control.index, condition: control.plan.type, ...measured });
  }
  return figures;
}

async function measure(
  extractor: ExtractorProcess,
  { plan, inputs }: ControlWork,
  image: RgbImage,
  signal: AbortSignal,
): Promise<Fidelity & Pick<ControlFidelity, 'networks'>> {
  const condition = conditionOf(plan.type);
  if (!isMeasured(condition)) return { ...unmeasured(null, reasonOfNoMeasure(condition)), networks: [] };
  if (inputs.region?.levels.some(isCompared) === false) {
    return { ...unmeasured(null, 'The control acts nowhere by more than a half.'), networks: [] };
  }
  const options = measuringOptions(condition, extractedWith(plan.source));
  const networks = condition.networks?.(options) ?? [];
  const resolution = plan.source.kind === 'photo' ? plan.source.resolution : null;
  try {
    const { width, height } = inputs.map;
    const seen = { size: seenSize({ width, height }, resolution), resize: plan.resize };
    const sizes = { seen, map: { width, height } };
    const result = await extractor.extract(plan.type, image, options, signal, sizes);
    const { data } = inputs;
    const map = withinRegion(inputs);
    const wanted = data === undefined ? { map } : { map, data };
    const comparison = { condition: condition.id, options, drawn: result, requested: wanted };
    return { ...(await extractor.compare(comparison, signal)), networks };
  } catch (error) {
    // A picture that is drawn is worth more than the figure that it lacks; a job that has to stop, stops.
    if (signal.aborted || !(error instanceof ArmatureError) || error.code === 'unavailable') throw error;
    return { ...unmeasured(null, error.message), networks };
  }
}

/** Where a control acts at most by half, the picture is not held to its map. */
function isCompared(level: number): boolean {
  return level > 127;
}

/** The requested map with what lies outside of the control's region masked, so that it is not compared. */
function withinRegion({ map, region }: ControlInputs): MaskedImage {
  if (region === null) return map;
  return { ...map, masked: region.levels.map((level, i) => (isCompared(level) && map.masked?.[i] !== 1 ? 0 : 1)) };
}

/** Mean over the controls that have a value; null where none has. */
function meanValue(fidelity: readonly ControlFidelity[]): number | null {
  const values = fidelity.flatMap(({ value }) => (value === null ? [] : [value]));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The highest score; of several the first. One without a score comes after all that have one. */
function indexOfBest(candidates: readonly Candidate[]): number {
  const scores = candidates.map(({ score }) => score ?? Number.NEGATIVE_INFINITY);
  return scores.indexOf(Math.max(...scores));
}
