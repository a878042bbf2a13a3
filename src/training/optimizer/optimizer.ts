import { adamW, type Moments, noMoments } from './adamw.ts';
import { average } from './averaging.ts';
import { clippingScale, gradientNorm } from './clipping.ts';

/** All numbers that change from step to step, arrays of one length. */
export interface OptimizerState {
  readonly weights: Float32Array;
  readonly moments: Moments;
  /** A running average of the weights; null where none is kept. */
  readonly averages: Float32Array | null;
}

/** As usual (Pascanu et al., 2013, and every trainer since). */
const longestGradient = 1;

/** `weights` is kept and moved. */
export function optimizerOf(weights: Float32Array, averages: boolean): OptimizerState {
  return { weights, moments: noMoments(weights.length), averages: averages ? weights.slice() : null };
}

export interface Movement {
  /** Counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** What of the average is kept at most. */
  readonly decay: number;
}

/** Moves the weights against their gradients, which are clipped together; gives the length that these had. One that is no finite number moves nothing. */
export function move(
  { weights, moments, averages }: OptimizerState,
  gradients: Float32Array,
  { step, learningRate, decay }: Movement,
): number {
  const norm = gradientNorm([gradients]);
  if (!Number.isFinite(norm)) return norm;
  adamW(weights, gradients, moments, { step, learningRate, scale: clippingScale(norm, longestGradient) });
  // A short memory at first, so that what the weights began as is soon forgotten.
  if (averages !== null) average(averages, weights, Math.min(decay, (1 + step) / (10 + step)));
  return norm;
}
