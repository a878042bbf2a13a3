import { type DistillationId, distillations } from '../schedulers/distillations.ts';
import { schedulers, type SchedulerId } from '../schedulers/registry.ts';
import type { ScheduleId } from '../schedulers/schedules/registry.ts';
import type { BaseModel } from './models/base.ts';
import type { LoraModel } from './models/lora.ts';
import type { ModelList } from './models/model-list.ts';
import type { GenerationPlan } from './plan.ts';
import type { GenerationRequest } from './request/generation.ts';
import type { NamedLora } from './resolve-loras.ts';

/** How a drawing is sampled where its request leaves that open. */
export interface UsualSampling {
  readonly steps: number;
  readonly guidanceScale: number;
  readonly scheduler: string;
  /** With that scheduler. */
  readonly schedule: ScheduleId | null;
}

/** As the first LoRA wants that was made to draw in few steps, else as the base model. */
export function usualSampling(
  { defaults, embedsGuidance }: BaseModel,
  asked: readonly NamedLora[],
  { loras }: ModelList,
): UsualSampling {
  const [lora] = asked.flatMap(({ model, scale }) => {
    const found = scale <= 0 ? undefined : loras.find(({ id }) => id === model);
    return found?.distilled === undefined ? [] : [found.distilled];
  });
  if (lora === undefined) return { ...defaults, schedule: null };
  const { steps, guidance, scheduler, schedule } = distillations[lora];
  const guidanceScale = embedsGuidance === true ? defaults.guidanceScale : guidance.usual;
  return { steps: steps.usual, guidanceScale, scheduler, schedule };
}

/** The schedule of a request that names none, which goes with the scheduler that is usual alone. */
export function usualSchedule(
  { scheduler: named, schedule }: Pick<GenerationRequest, 'scheduler' | 'schedule'>,
  usual: UsualSampling,
  scheduler: SchedulerId,
): ScheduleId | null {
  return named !== undefined || !schedulers[scheduler].takesSchedule ? schedule : (schedule ?? usual.schedule);
}

/** What is said of steps and guidance that what was made for few steps does not bear; null where it does. */
export function fewStepsWarning(plan: GenerationPlan, base: BaseModel, loras: readonly LoraModel[]): string | null {
  const made = madeForFewSteps(plan, base, loras);
  if (made === null) return null;
  const { title, steps, guidance } = distillations[made.as];
  const most = { steps: Math.max(steps.most, made.steps), guidance: Math.max(guidance.most, made.guidance) };
  const isFar = plan.steps > most.steps;
  const isStrong = plan.embedsGuidance !== true && plan.guidanceScale > most.guidance;
  if (!isFar && !isStrong) return null;
  const asked = [
    ...(isFar ? [`${plan.steps} steps take longer and draw no better`] : []),
    ...(isStrong ? [`a guidance_scale of ${plan.guidanceScale} burns its pictures`] : []),
  ].join(', and ');
  const range =
    plan.embedsGuidance === true
      ? `at most ${most.steps} steps`
      : `at most ${most.steps} steps, a guidance_scale of 1 to ${most.guidance}`;
  return `${made.name} was made for few steps (${title}: ${range}): ${asked}. Left out, they are ${made.steps} and ${made.guidance}.`;
}

interface MadeForFewSteps {
  readonly name: string;
  readonly as: DistillationId;
  /** What a request gets that leaves them open. */
  readonly steps: number;
  readonly guidance: number;
}

function madeForFewSteps(
  plan: GenerationPlan,
  { id, distilled, defaults, embedsGuidance }: BaseModel,
  loras: readonly LoraModel[],
): MadeForFewSteps | null {
  for (const { model, scale } of plan.loras ?? []) {
    const as = scale <= 0 ? undefined : loras.find((one) => one.id === model.id)?.distilled;
    if (as === undefined) continue;
    const { steps, guidance } = distillations[as];
    const usual = embedsGuidance === true ? defaults.guidanceScale : guidance.usual;
    return { name: `the LoRA ${model.id}`, as, steps: steps.usual, guidance: usual };
  }
  if (distilled === null) return null;
  return { name: `the model ${id}`, as: distilled.as, steps: defaults.steps, guidance: defaults.guidanceScale };
}
