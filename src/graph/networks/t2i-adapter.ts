import type { T2iAdapterConfig } from '../configs.ts';
import { Graph, type NetworkOptions } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { convolution } from '../layers/convolution.ts';
import type { NetworkPart } from '../weights.ts';

/**
 * A T2I-Adapter (Mou et al., 2023; FullAdapter, FullAdapterXL and LightAdapter of diffusers): the features of a map that are added in
 * the levels of a UNet. They do not depend on the step.
 *
 * Input: `cells` [rows, conditioningChannels x cell^2, h, w], the map (0..1) with the pixels of each cell as channels, in the order
 * channel, row, column. Outputs: `feature.<level>` [rows, channels, h, w] of the level.
 */
export function t2iAdapter(part: NetworkPart<T2iAdapterConfig>, options: NetworkOptions = {}): Graph {
  const { kind, conditioningChannels, cell, levels } = part.config;
  const graph = new Graph('T2I-Adapter', part, options);
  let channels = conditioningChannels * cell ** 2;
  let hidden = graph.input('cells', 'float32', ['rows', channels, 'height', 'width']);
  if (kind === 'full') {
    const first = levels[0]?.channels as number;
    hidden = convolution(graph, hidden, 'adapter.conv_in', channels, first);
    channels = first;
  }
  levels.forEach(({ channels: outputs, halved }, level) => {
    const name = `adapter.body.${level}`;
    if (halved === 'by means') hidden = graph.op('HalveSize', [hidden]);
    if (halved === 'by convolution') {
      hidden = convolution(graph, hidden, `${name}.down_opt.op`, channels, channels, { stride: 2 });
    }
    const made = kind === 'full' ? fullLevel : lightLevel;
    hidden = made(graph, hidden, name, channels, outputs, part.config);
    graph.output(`feature.${level}`, hidden, ['rows', outputs, `height.${level}`, `width.${level}`]);
    channels = outputs;
  });
  return graph;
}

function fullLevel(
  graph: Graph,
  x: Value,
  name: string,
  inputs: number,
  outputs: number,
  { resnets, kernel }: T2iAdapterConfig,
): Value {
  let hidden = inputs === outputs ? x : convolution(graph, x, `${name}.in_conv`, inputs, outputs, { kernel });
  for (let i = 0; i < resnets; i++) hidden = residual(graph, hidden, `${name}.resnets.${i}`, outputs, kernel);
  return hidden;
}

/** Works in a quarter of the channels. */
function lightLevel(
  graph: Graph,
  x: Value,
  name: string,
  inputs: number,
  outputs: number,
  { resnets }: T2iAdapterConfig,
): Value {
  const inner = outputs / 4;
  let hidden = convolution(graph, x, `${name}.in_conv`, inputs, inner, { kernel: 1 });
  for (let i = 0; i < resnets; i++) hidden = residual(graph, hidden, `${name}.resnets.${i}`, inner, 3);
  return convolution(graph, hidden, `${name}.out_conv`, inner, outputs, { kernel: 1 });
}

function residual(graph: Graph, x: Value, name: string, channels: number, kernel: 1 | 3): Value {
  const once = graph.op('Relu', [convolution(graph, x, `${name}.block1`, channels, channels)]);
  return graph.op('Add', [x, convolution(graph, once, `${name}.block2`, channels, channels, { kernel })]);
}
