import type { JobOutput } from '../../generation/job.ts';
import { limits } from '../../generation/request/limits.ts';

/**
 * What a job keeps of what extractors found: `limits.dataBytes` as JSON for all of it together, first come, first kept.
 */
export class KeptData {
  readonly #warnings: string[] = [];
  #left = limits.dataBytes;

  /** Says what was left out. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Data with room left for it as the field of a result, else no field. `name` is what a warning calls it. */
  keep(name: string, data: Readonly<Record<string, unknown>> | undefined): Pick<JobOutput, 'data'> {
    if (data === undefined) return {};
    const bytes = new TextEncoder().encode(JSON.stringify(data)).length;
    if (bytes <= this.#left) {
      this.#left -= bytes;
      return { data };
    }
    this.#warnings.push(
      `${name}: what was found takes ${bytes} bytes as JSON and is left out: a job holds ${limits.dataBytes}.`,
    );
    return {};
  }
}
