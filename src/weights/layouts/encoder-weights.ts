import type { Weights } from '../../graph/weights.ts';

/** The weights of a UNet that its ControlNets have too: the way down, the middle, and what tells of time. */
export function encoderWeights(weights: Weights): Weights {
  return new Map(
    [...weights].filter(([name]) => !/^(?:up_blocks|conv_norm_out|conv_out|time_embedding\.cond_proj)\./.test(name)),
  );
}
