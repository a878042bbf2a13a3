import type { Delta, Deltas, Factor, ScaledDelta } from '../../graph/delta.ts';
import type { NetworkPart, WeightRef, Weights } from '../../graph/weights.ts';
import { folderAbove, movedRef } from '../safetensors/moved-ref.ts';
import type { FittedDelta } from './module-deltas.ts';

/** What one adapter does to one network, and how strongly. */
export interface AppliedDeltas {
  /** Folder of the adapter's file. */
  readonly folder: string;
  readonly deltas: ReadonlyMap<string, FittedDelta>;
  readonly scale: number;
}

/**
 * A network with adapters merged into it. onnxruntime reads files of one folder and those below it: all are named from the
 * folder that is above them all.
 */
export function mergedPart<Config>(part: NetworkPart<Config>, applied: readonly AppliedDeltas[]): NetworkPart<Config> {
  if (applied.length === 0) return part;
  const folder = folderAbove([part.weightsFolder, ...applied.map(({ folder: own }) => own)]);
  const deltas = new Map<string, ScaledDelta[]>();
  for (const { folder: own, deltas: ofOne, scale } of applied) {
    const moved = (ref: WeightRef): WeightRef => movedRef(ref, own, folder);
    for (const [weight, { delta, inputs }] of ofOne) {
      const all = deltas.get(weight) ?? [];
      all.push({ delta: movedDelta(delta, moved), scale, inputs });
      deltas.set(weight, all);
    }
  }
  return {
    config: part.config,
    weights: movedWeights(part, folder),
    weightsFolder: folder,
    deltas: deltas satisfies Deltas,
  };
}

function movedWeights({ weights, weightsFolder }: NetworkPart<unknown>, folder: string): Weights {
  if (weightsFolder === folder) return weights;
  return new Map([...weights].map(([name, ref]) => [name, movedRef(ref, weightsFolder, folder)]));
}

function movedDelta(delta: Delta, moved: (ref: WeightRef) => WeightRef): Delta {
  switch (delta.kind) {
    case 'elementwise':
      return { ...delta, of: delta.of.map((factor) => movedFactor(factor, moved)) };
    case 'kronecker':
      return { ...delta, of: [movedFactor(delta.of[0], moved), movedFactor(delta.of[1], moved)] };
    case 'channel factors':
      return { ...delta, factors: moved(delta.factors) };
    case 'renormalised':
      return { ...delta, of: movedDelta(delta.of, moved), norms: moved(delta.norms) };
    case 'rotated':
      return {
        ...delta,
        generators: moved(delta.generators),
        rescale: delta.rescale === null ? null : moved(delta.rescale),
      };
  }
}

function movedFactor(factor: Factor, moved: (ref: WeightRef) => WeightRef): Factor {
  if (factor.kind === 'stored') return { ...factor, ref: moved(factor.ref) };
  const thin = { left: moved(factor.left), right: moved(factor.right) };
  return factor.kind === 'product' ? { ...factor, ...thin } : { ...factor, ...thin, core: moved(factor.core) };
}
