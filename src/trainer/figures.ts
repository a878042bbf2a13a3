import type { Progress, TrainingFigures } from '../generation/job.ts';
import type { TrainingEvent } from '../training/contract/training-event.ts';

/** Steps over which the pace is measured. */
const paceSteps = 32;

const none: TrainingFigures = {
  stage: 'reading',
  pictures: null,
  loss: null,
  rate: null,
  samples_per_s: null,
  eta_s: null,
  waits_for: null,
};

/** How far a training is, by what it says. */
export class FiguresOfTraining {
  readonly #samples: number;
  readonly #now: () => number;
  #steps: number;
  #step = 0;
  #figures = none;
  /** When the last steps were done, the oldest first. */
  #times: readonly number[] = [];

  /** `samples` pictures a step; `steps` where that is known before the set is; `now` in milliseconds. */
  constructor(samples: number, steps: number | null, now: () => number) {
    this.#samples = samples;
    this.#steps = steps ?? 0;
    this.#now = now;
  }

  get progress(): Progress {
    const [step, steps] = [this.#step, this.#steps];
    return { step, steps: Math.max(steps, 1), share: steps === 0 ? 0 : step / steps, training: this.#figures };
  }

  waitFor(what: string): Progress {
    this.#figures = { ...none, stage: 'waiting', waits_for: what };
    return this.progress;
  }

  store(): Progress {
    this.#figures = { ...this.#figures, stage: 'storing', pictures: null, eta_s: null };
    return this.progress;
  }

  /** Null where it says nothing new of that. */
  after(event: TrainingEvent): Progress | null {
    switch (event.type) {
      case 'validating':
        this.#figures = { ...none, stage: event.stage, pictures: { done: event.done, of: event.of } };
        return this.progress;
      case 'validated':
        this.#steps = event.plan.steps;
        return this.progress;
      case 'begun':
        this.#begin(event.step, event.steps);
        return this.progress;
      case 'progress':
        this.#go(event.step, event.loss, event.rate);
        return this.progress;
      default:
        return null;
    }
  }

  #begin(step: number, steps: number): void {
    this.#step = step;
    this.#steps = steps;
    this.#figures = { ...none, stage: 'learning' };
    this.#times = [this.#now()];
  }

  #go(step: number, loss: number, rate: number): void {
    this.#step = step;
    this.#times = [...this.#times, this.#now()].slice(-paceSteps - 1);
    const [first = 0, last = 0] = [this.#times[0], this.#times.at(-1)];
    const seconds = (last - first) / 1000 / Math.max(1, this.#times.length - 1);
    const isKnown = seconds > 0;
    this.#figures = {
      ...none,
      stage: 'learning',
      loss,
      rate,
      samples_per_s: isKnown ? Number((this.#samples / seconds).toPrecision(3)) : null,
      eta_s: isKnown ? Math.max(1, Math.round(seconds * (this.#steps - step))) : null,
    };
  }
}
