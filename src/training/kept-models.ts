import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { moveInto } from '../files/atomic-write.ts';
import type { TrainingResult } from './methods/contract/training-result.ts';
import { methodFor } from './methods/methods.ts';
import type { KeepingPort, Trained } from './train.ts';

const folderName = 'checkpoints';

/** Steps after which so many models are kept: evenly over all of them, without the last, which is the result. */
export function keptSteps(steps: number, keep: number): readonly number[] {
  const places = Array.from({ length: keep }, (_, index) => Math.round(((index + 1) * steps) / (keep + 1)));
  return [...new Set(places)].filter((step) => step > 0 && step < steps);
}

/**
 * Models from on the way as folders `checkpoints/step-<n>` of an output folder, in the forms of the result, each drawn with as it is: they are called as the result
 * is, with `-step-<n>` behind it.
 */
export class KeptModels implements KeepingPort {
  readonly #folder: string;
  readonly #draft: string;
  readonly #places: ReadonlySet<number>;
  readonly #resultOf: (trained: Trained) => TrainingResult;

  /** `draft` is the path of a folder that nobody else writes to. */
  constructor(
    { output, draft }: { readonly output: string; readonly draft: string },
    places: readonly number[],
    resultOf: (trained: Trained) => TrainingResult,
  ) {
    this.#folder = join(output, folderName);
    this.#draft = draft;
    this.#places = new Set(places);
    this.#resultOf = resultOf;
  }

  isDue(step: number): boolean {
    return this.#places.has(step);
  }

  async write(trained: Trained): Promise<void> {
    const result = this.#resultOf(trained);
    const { plan } = result;
    await rm(this.#draft, { recursive: true, force: true });
    await mkdir(this.#draft, { recursive: true });
    const named = { ...result, plan: { ...plan, name: `${plan.name}-step-${trained.step}` } };
    await methodFor(plan.trained).write(this.#draft, named, plan.trained);
    const folder = join(this.#folder, `step-${trained.step}`);
    // A step that is done anew ends with the same.
    await rm(folder, { recursive: true, force: true });
    await moveInto(folder, this.#draft);
  }
}
