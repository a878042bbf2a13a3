import type { RateSchedule } from '../../generation/request/training.ts';

export interface RateOptions {
  readonly schedule: RateSchedule;
  /** The largest rate. */
  readonly rate: number;
  /** Steps in which it grows from 0, in a straight line; every schedule heeds them. */
  readonly warmup: number;
  /** Steps in all: the horizon of the schedules that end. */
  readonly steps: number;
}

/** Of one_cycle (Smith and Topin, 2018): the first and the last rate, as shares of the largest, and the share of the steps in which it rises. */
const cycle = { first: 1 / 25, last: 1 / 25e4, rising: 0.3 };

/**
 * The learning rate of a step, counted from 1: constant; half a cosine down to 0 (Loshchilov and Hutter, 2017); or up and down again in
 * halves of a cosine, whose rise stands for a warmup where none is asked for.
 */
export function learningRate(step: number, { schedule, rate, warmup, steps }: RateOptions): number {
  if (step <= warmup) return (rate * step) / warmup;
  if (schedule === 'constant') return rate;
  const left = Math.max(1, steps - warmup);
  const passed = Math.min(1, (step - warmup - 1) / left);
  if (schedule === 'cosine') return rate * halfCosine(passed);
  const rising = warmup > 0 ? 0 : cycle.rising;
  if (passed < rising) return rate * (cycle.first + (1 - cycle.first) * (1 - halfCosine(passed / rising)));
  const falling = (passed - rising) / (1 - rising);
  return rate * (cycle.last + (1 - cycle.last) * halfCosine(falling));
}

/** 1 at 0, 0 at 1. */
function halfCosine(share: number): number {
  return (1 + Math.cos(Math.PI * share)) / 2;
}
