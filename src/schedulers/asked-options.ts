import type { SamplerOptions } from './options.ts';

/** What a request says of how its sampler works. */
export interface AskedOptions extends Pick<SamplerOptions, 'schedule' | 'sChurn'> {
  /** Null: the sampler's own. */
  readonly eta: number | null;
}

/** As options of a sampler, beside those that the model's file gives. */
export function askedOptions({ schedule, sChurn, eta }: AskedOptions): Partial<SamplerOptions> {
  return { schedule, sChurn, ...(eta === null ? {} : { eta }) };
}
