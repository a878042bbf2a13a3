import { ArmatureError } from '../../errors.ts';
import type { ModelLibrary } from '../../models/library.ts';
import { describeDistilled } from '../../models/kinds/base/kind.ts';
import { distillationIds, distillations } from '../../schedulers/distillations.ts';
import { schedulerIds } from '../../schedulers/registry.ts';
import type { SamplingSaid } from '../../models/kinds/base/said.ts';
import { setSampling } from '../../models/tell.ts';

const ways = [...distillationIds, 'none'] as const;

export interface SamplingFlags {
  readonly distilled?: string;
  readonly steps?: string;
  readonly guidance?: string;
  readonly scheduler?: string;
}

/** What the flags say of how a model is sampled; null where they say nothing. Throws `invalid_request` for what is no such value. */
export function samplingBy({ distilled, steps, guidance, scheduler }: SamplingFlags): SamplingSaid | null {
  const said: SamplingSaid = {
    ...(distilled === undefined ? {} : { distilled: oneOf(ways, distilled, 'distilled') }),
    ...(steps === undefined ? {} : { steps: numberIn(steps, 'steps', { min: 1, max: 1000, whole: true }) }),
    ...(guidance === undefined ? {} : { guidance_scale: numberIn(guidance, 'guidance', { min: 0, max: 50 }) }),
    ...(scheduler === undefined ? {} : { scheduler: oneOf(schedulerIds, scheduler, 'scheduler') }),
  };
  return Object.keys(said).length === 0 ? null : said;
}

/** Keeps it; gives what there is to tell of the model then. */
export async function saySampling(library: ModelLibrary, id: string, said: SamplingSaid): Promise<string> {
  const model = await setSampling(library, id, said);
  if ('defaults' in model) {
    const { steps, guidanceScale, scheduler } = model.defaults;
    return `${model.id}, made for few steps: ${describeDistilled(model.distilled)}. Drawn with ${steps} steps, guidance ${guidanceScale}, ${scheduler}.`;
  }
  const how = model.distilled === undefined ? 'no' : distillations[model.distilled].title;
  return `${model.id}, made for few steps: ${how}.`;
}

function oneOf<Id extends string>(ids: readonly Id[], text: string, flag: string): Id {
  const found = ids.find((id) => id === text);
  if (found !== undefined) return found;
  const detail = `Expected ${ids.join(', ')} as --${flag} but received ${JSON.stringify(text)}.`;
  throw new ArmatureError('invalid_request', detail, { field: flag, choices: ids });
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly whole?: true;
}

function numberIn(text: string, flag: string, { min, max, whole }: Bounds): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= min && value <= max && (whole !== true || Number.isInteger(value))) return value;
  const kind = whole === true ? 'a whole number' : 'a number';
  const detail = `Expected ${kind} from ${min} to ${max} as --${flag} but received ${JSON.stringify(text)}.`;
  throw new ArmatureError('invalid_request', detail, { field: flag });
}
