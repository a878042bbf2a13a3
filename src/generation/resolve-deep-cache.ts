import { ArmatureError } from '../errors.ts';
import { distillations } from '../schedulers/distillations.ts';
import type { BaseModel } from './models/base.ts';
import type { LoraModel } from './models/lora.ts';
import type { GenerationPlan, PlannedLora } from './plan.ts';
import type { GenerationRequest } from './request/generation.ts';

/** What a drawing is made with: its base models, pass for pass, and its LoRAs. */
interface DrawnWith {
  readonly bases: readonly BaseModel[];
  readonly loras: readonly PlannedLora[];
  readonly known: readonly LoraModel[];
}

/**
 * What a plan says of what lies deep in the UNet; nothing where all of it is worked out at every step. Refuses a depth that a model has not, and what was
 * made to draw in few steps: those lie so far apart that what is deep is another thing at each.
 */
export function deepCacheOf(
  { deep_cache: asked }: Pick<GenerationRequest, 'deep_cache'>,
  { bases, loras, known }: DrawnWith,
): Pick<GenerationPlan, 'deepCache'> {
  if (asked === undefined) return {};
  const { every, depth } = asked;
  const shallow = bases.find(({ deepShares }) => depth >= deepShares.length);
  if (shallow !== undefined) {
    const most = shallow.deepShares.length - 1;
    const detail = `Expected deep_cache.depth to be at most ${most} with the model ${shallow.id}, whose UNet has ${most + 1} skip connections, but received ${depth}.`;
    throw new ArmatureError('invalid_request', detail, { field: 'deep_cache.depth' });
  }
  const few = fewStepsOf(bases, loras, known);
  if (few !== null) {
    const detail = `deep_cache does not go with ${few}: its few steps lie too far apart for one to take up what another one gave. Leave deep_cache out.`;
    throw new ArmatureError('invalid_request', detail, { field: 'deep_cache' });
  }
  const shares = Object.fromEntries(bases.map(({ id, deepShares }) => [id, deepShares[depth] ?? 1]));
  return { deepCache: { every, depth, shares } };
}

/** What was made to draw in few steps, for people; null where nothing was. */
function fewStepsOf(
  bases: readonly BaseModel[],
  loras: readonly PlannedLora[],
  known: readonly LoraModel[],
): string | null {
  for (const { id, distilled } of bases) {
    if (distilled !== null) return `the model ${id}, which draws in few steps (${distillations[distilled.as].title})`;
  }
  for (const { model, scale } of loras) {
    const as = scale <= 0 ? undefined : known.find(({ id }) => id === model.id)?.distilled;
    if (as !== undefined) return `the LoRA ${model.id}, which draws in few steps (${distillations[as].title})`;
  }
  return null;
}
