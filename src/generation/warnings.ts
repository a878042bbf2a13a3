import { fewStepsWarning } from './few-steps.ts';
import type { BaseModel } from './models/base.ts';
import { modelNouns } from './models/kinds.ts';
import type { ModelList } from './models/model-list.ts';
import type { GenerationPlan } from './plan.ts';
import type { PlannedControl } from './planned-control.ts';
import { composedPrompts, promptWarnings } from './prompts.ts';
import { guidanceActs } from './guided-steps.ts';
import { actsIn, passesOf, type PlannedPass } from './passes.ts';
import { actsAtAll } from './window.ts';

/** Remarks on parts of a plan that will have no effect, or probably not the one that was meant. */
export function warningsOf(plan: GenerationPlan, models: ModelList): readonly string[] {
  const warnings: string[] = [];
  const base = models.bases.find((candidate) => candidate.id === plan.model.id);
  if (base !== undefined) warnings.push(...predictionWarnings(base));
  const passes = passesOf(plan);
  warnings.push(...promptWarnings(passes, plan.embeddings));
  warnings.push(...guidanceWarnings(plan, passes));
  if (plan.guidanceWindow !== undefined && !passes.some(guidanceActs)) {
    const { start, end } = plan.guidanceWindow;
    warnings.push(`guidance acts at no step: its window, ${start} to ${end}, holds no whole step.`);
  }
  const fewSteps = base === undefined ? null : fewStepsWarning(plan, base, models.loras);
  if (fewSteps !== null) warnings.push(fewSteps);
  if (plan.refiner !== undefined && plan.controls.length + (plan.loras ?? []).length > 0) {
    warnings.push(
      `controls and loras act until the refiner ${plan.refiner.model.id} takes over, which they do not fit.`,
    );
  }
  if (plan.variation?.strength === 0) warnings.push('variation has no effect with a strength of 0.');
  for (const [index, { scale, textEncoderScale }] of (plan.loras ?? []).entries()) {
    if (scale === 0 && textEncoderScale === 0) warnings.push(`loras[${index}] has scale 0 and does not act.`);
  }
  for (const [index, control] of plan.controls.entries()) {
    const acting = passes.filter((pass) => actsIn(control.passes, pass));
    warnings.push(...controlWarnings(control, acting, models).map((text) => `controls[${index}] ${text}`));
  }
  return warnings;
}

/** What has no effect because no pass asks about a negative prompt. */
function guidanceWarnings(plan: GenerationPlan, passes: readonly PlannedPass[]): readonly string[] {
  const embeds = passes.find(({ embedsGuidance }) => embedsGuidance === true);
  if (plan.guidanceScale > 1 && passes.some(({ embedsGuidance }) => embedsGuidance !== true)) return [];
  const because =
    embeds === undefined
      ? `while guidance_scale is ${plan.guidanceScale}`
      : `with the model ${embeds.model.id}, which takes guidance_scale as an input and knows no negative prompt`;
  // Prompts are composed by what each has more than the negative one.
  const negative = plan.negativePrompt !== '' && composedPrompts(plan) === 1;
  return [
    ...(negative ? [`negative_prompt has no effect ${because}.`] : []),
    ...(plan.guidanceRescale === 0 ? [] : [`guidance_rescale has no effect ${because}.`]),
    ...(plan.guidanceWindow === undefined ? [] : [`guidance_start and guidance_end have no effect ${because}.`]),
  ];
}

/** What nobody says of a model, or what two say differently, may be wrong: a picture of noise would not tell why. */
function predictionWarnings({ id, prediction, added }: BaseModel): readonly string[] {
  const { type, decidedBy, source, contradiction } = prediction;
  const other = type === 'epsilon' ? 'v_prediction' : 'epsilon';
  const remedy = `If its pictures are noise or grey: armature models set ${id} --prediction-type ${other}.`;
  if (contradiction !== null) return [`model ${id}: ${contradiction}; ${type} was taken. ${remedy}`];
  // Models of SDXL that predict v have the shapes of those that don't, as in SD 2.x.
  const isGuess = decidedBy === 'weights' || (decidedBy === 'family' && added !== null);
  if (!isGuess) return [];
  return [`model ${id} does not say what it predicts: ${type} was assumed from ${source}. ${remedy}`];
}

function controlWarnings(
  control: PlannedControl,
  passes: readonly PlannedPass[],
  models: ModelList,
): readonly string[] {
  const warnings: string[] = [];
  if (control.scale === 0) warnings.push('has scale 0 and does not act.');
  else if (!passes.some(({ run }) => actsAtAll(control, run.steps))) {
    const steps = passes.reduce((sum, { run }) => sum + run.steps, 0);
    warnings.push(
      `acts at none of the ${steps} steps: its window, ${control.start} to ${control.end}, holds no whole step.`,
    );
  }
  const model = [...models.controlNets, ...models.adapters].find((candidate) => candidate.id === control.model.id);
  if (model !== undefined && model.type !== null && model.type !== control.type) {
    warnings.push(
      `feeds maps of type ${control.type} to ${model.id}, a ${modelNouns[model.kind].noun} for ${model.type}.`,
    );
  }
  return warnings;
}
