import type { WeightRef } from './weight-ref.ts';

/** A matrix, or the kernels of a convolution [outputs, inputs, h, w], out of what the file of an adapter stores. */
export type Factor =
  | { readonly kind: 'stored'; readonly ref: WeightRef }
  /** left [m, r] times right [r, n]; the kernels of a convolution are longer rows. */
  | { readonly kind: 'product'; readonly left: WeightRef; readonly right: WeightRef }
  /** The sum over i and j of left[p, i] core[i, j, y, x] right[j, q]; some files store left as [i, p]. */
  | {
      readonly kind: 'core product';
      readonly left: WeightRef;
      readonly leftIs: 'as it is' | 'transposed';
      readonly core: WeightRef;
      readonly right: WeightRef;
    };

/**
 * What an adapter adds to a weight W [outputs, inputs, ...] at scale 1. Each kind is a function of the weight as the base model stores it,
 * so that several on one weight are a sum in any order.
 */
export type Delta =
  /** The elementwise product of one matrix (LoRA, LoCon, whole differences) or two (LoHa), times a number. */
  | { readonly kind: 'elementwise'; readonly of: readonly Factor[]; readonly times: number }
  /** The Kronecker product of [o1, i1] and [o2, i2, ...], times a number (LoKr). */
  | { readonly kind: 'kronecker'; readonly of: readonly [Factor, Factor]; readonly times: number }
  /** W times a factor for each output or input channel ((IA)^3). */
  | { readonly kind: 'channel factors'; readonly factors: WeightRef; readonly axis: Axis }
  /** (W + of) with the norm of each output or input channel set to `norms`, less W (DoRA). */
  | {
      readonly kind: 'renormalised';
      readonly of: Delta;
      readonly norms: WeightRef;
      readonly axis: Axis;
      /** Added to the norms that are divided by. */
      readonly epsilon: number;
    }
  /**
   * Blocks of output rows turned by the Cayley transform of Q = B - B^T, then perhaps each multiplied, less W (OFT). `generators` are
   * the B [blocks, rows, rows]; the norm of all Q together is cut to `limit`, where there is one.
   */
  | {
      readonly kind: 'rotated';
      readonly generators: WeightRef;
      readonly limit: number | null;
      readonly rescale: WeightRef | null;
    };

export type Axis = 'outputs' | 'inputs';

/** A delta as it is merged: W + scale x delta. */
export interface ScaledDelta {
  readonly delta: Delta;
  readonly scale: number;
  /** How many of W's input channels it changes, the first ones; the others stay (the first convolution of inpainting models). */
  readonly inputs: number;
}

/** Deltas by the weights of one network that they change. */
export type Deltas = ReadonlyMap<string, readonly ScaledDelta[]>;

/** A delta that is the product of two thin matrices and nothing else: it can run beside its layer instead of being merged. */
export interface LowRank {
  readonly left: WeightRef;
  readonly right: WeightRef;
  readonly times: number;
}

/** The product that a delta is; null where it is anything else. */
export function lowRankOf(delta: Delta): LowRank | null {
  if (delta.kind !== 'elementwise' || delta.of.length !== 1) return null;
  const [factor] = delta.of;
  return factor?.kind === 'product' ? { left: factor.left, right: factor.right, times: delta.times } : null;
}
