import type { ControlNetConfig } from '../configs.ts';
import { Graph, type NetworkOptions } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { convolution } from '../layers/convolution.ts';
import { typesEmbedding } from '../layers/timestep-embedding.ts';
import type { NetworkPart } from '../weights.ts';
import { injectionPoints } from './injection-points.ts';
import { conditioning, encode } from './unet-encoder.ts';

/**
 * A ControlNet (Zhang et al., 2023) without its hint encoder. All float32.
 *
 * Inputs: `sample`, `timestep`, `encoder_hidden_states` as in the UNet, `hint` [rows, blockChannels[0], h, w] from the hint
 * encoder, `scale` [rows, P]: the weight of each row's residual at each injection point, and of a union `types` [rows, types]: 1 for those
 * of which a map is in the hint, else 0. Outputs: `residual.<i>`, scaled,
 * [rows, channels, h, w] of the injection point, or [rows, channels, 1, 1] with globalPoolConditions.
 */
export function controlNet(part: NetworkPart<ControlNetConfig>, options: NetworkOptions = {}): Graph {
  const { config } = part;
  const graph = new Graph('ControlNet', part, { ...options, everyStep: true });
  const channels = config.blockChannels[0] as number;
  const sample = graph.input('sample', 'float32', ['rows', config.inChannels, 'height', 'width']);
  const given = conditioning(graph, config, (embedding) => withTypes(graph, config, embedding));
  const hint = graph.input('hint', 'float32', ['rows', channels, 'height', 'width']);
  const points = injectionPoints(config);
  const scale = graph.input('scale', 'float32', ['rows', points.length]);
  const scales = graph.several('SplitChannels', [scale], { count: points.length });
  const first = graph.op('Add', [convolution(graph, sample, 'conv_in', config.inChannels, channels), hint]);
  const { skips, middle } = encode(graph, config, given, first);
  [...skips.map((skip) => skip.value), middle].forEach((value, index) => {
    const zero = index === skips.length ? 'controlnet_mid_block' : `controlnet_down_blocks.${index}`;
    const width = points[index]?.channels as number;
    const residual = convolution(graph, value, zero, width, width, { kernel: 1 });
    const scaled = graph.op('ScaleRows', [residual, scales[index] as Value]);
    const output = config.globalPoolConditions ? graph.op('AverageChannels', [scaled]) : scaled;
    const size = config.globalPoolConditions ? [1, 1] : [`residual.${index}.height`, `residual.${index}.width`];
    graph.output(`residual.${index}`, output, ['rows', width, ...size]);
  });
  return graph;
}

function withTypes(graph: Graph, config: ControlNetConfig, embedding: Value): Value {
  const { union, added, flipSinToCos, freqShift, blockChannels } = config;
  if (union === undefined) return embedding;
  const { types: count } = union;
  const types = graph.input('types', 'float32', ['rows', count]);
  const options = { count, channels: added?.idWidth ?? 0, width: 4 * (blockChannels[0] as number) };
  const more = typesEmbedding(graph, types, 'control_add_embedding', { ...options, flipSinToCos, freqShift });
  return graph.op('Add', [embedding, more]);
}
