import type { Graph } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { silu } from './activation.ts';
import { convolution } from './convolution.ts';
import { linear } from './linear.ts';
import { groupNorm } from './normalization.ts';

export interface ResnetOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly groups: number;
  readonly epsilon: number;
  /** The timestep embedding after its activation, [rows, width]; none in an autoencoder. */
  readonly time?: { readonly embedding: Value; readonly width: number };
}

/** The residual block of a diffusion UNet or autoencoder: [rows, inputs, h, w] to [rows, outputs, h, w]. */
export function resnet(graph: Graph, x: Value, name: string, options: ResnetOptions): Value {
  const { inputs, outputs, groups, epsilon, time } = options;
  let hidden = silu(graph, groupNorm(graph, x, `${name}.norm1`, inputs, groups, epsilon));
  hidden = convolution(graph, hidden, `${name}.conv1`, inputs, outputs);
  if (time !== undefined) {
    const shift = linear(graph, time.embedding, `${name}.time_emb_proj`, time.width, outputs);
    hidden = graph.op('ShiftChannels', [hidden, shift]);
  }
  hidden = silu(graph, groupNorm(graph, hidden, `${name}.norm2`, outputs, groups, epsilon));
  hidden = convolution(graph, hidden, `${name}.conv2`, outputs, outputs);
  const shortcut =
    inputs === outputs ? x : convolution(graph, x, `${name}.conv_shortcut`, inputs, outputs, { kernel: 1 });
  return graph.op('Add', [shortcut, hidden]);
}
