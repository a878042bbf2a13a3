import type { UNetConfig } from '../../graph/configs.ts';
import {
  distillations,
  type DistillationId,
  type Distilled,
  distilledByClass,
} from '../../schedulers/distillations.ts';

/** A config file as it is written. */
type RawConfig = Readonly<Record<string, unknown>>;

/** Somebody who may know whether a model was distilled: `none` for one that was not. */
export interface DistilledWitness extends Pick<Distilled, 'decidedBy' | 'source'> {
  readonly as?: DistillationId | 'none' | undefined;
}

/** The word of the first that speaks, the last of whom is the UNet itself: LCM's alone take the guidance as an input. Null where nobody does. */
export function decideDistilled(
  witnesses: readonly DistilledWitness[],
  { guidanceWidth }: Pick<UNetConfig, 'guidanceWidth'>,
): Distilled | null {
  const marker = { decidedBy: 'marker', source: 'the tensor cond_proj of its UNet' } as const;
  const embeds = guidanceWidth === undefined ? [] : [{ ...marker, as: guidanceInput }];
  const first = [...witnesses, ...embeds].find(({ as }) => as !== undefined);
  if (first?.as === undefined || first.as === 'none') return null;
  return { as: first.as, decidedBy: first.decidedBy, source: first.source };
}

/** What models are that take the guidance as an input. */
const guidanceInput = distilledByClass('LCMScheduler') ?? undefined;

/** What the class in a config says. */
export function classWitness(config: RawConfig | null, source: string): DistilledWitness {
  return { decidedBy: 'config', source, as: distilledByClass(config?.['_class_name']) ?? undefined };
}

/** The spacing of a distilled model whose config says nothing of it: equal steps back from the last trained timestep, on which it was trained. */
export function distilledSpacing(distilled: Distilled | null, config: RawConfig): RawConfig {
  if (distilled === null || distillations[distilled.as].schedule === null) return {};
  return config['timestep_spacing'] === undefined ? { timestep_spacing: 'trailing' } : {};
}
