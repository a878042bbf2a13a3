import type { UpscalerConfig } from '../configs.ts';
import { Graph, type NetworkOptions } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { convolution } from '../layers/convolution.ts';
import type { NetworkPart } from '../weights.ts';

/** Of every residual in it. */
const residualScale = 0.2;
const slope = 0.2;
/** Convolutions of a dense block. */
const denseLayers = 5;

/**
 * An RRDBNet (Wang et al., ESRGAN, 2018; Real-ESRGAN, 2021): a picture from a smaller one.
 *
 * Input: `cells` [rows, 3 x cell^2, h, w], the picture (0..1) with the pixels of each cell as channels, in the order channel, row, column.
 * Output: `image` [rows, 3, h x 2^doublings, w x 2^doublings], about 0..1 and not clamped.
 */
export function upscaler(part: NetworkPart<UpscalerConfig>, options: NetworkOptions = {}): Graph {
  const { cell, channels, blocks, doublings } = part.config;
  const graph = new Graph('RRDBNet', part, options);
  const inputs = 3 * cell ** 2;
  const cells = graph.input('cells', 'float32', ['rows', inputs, 'height', 'width']);
  const first = convolution(graph, cells, 'conv_first', inputs, channels);
  let hidden = first;
  for (let block = 0; block < blocks; block++) hidden = residualBlock(graph, hidden, `body.${block}`, part.config);
  hidden = graph.op('Add', [first, convolution(graph, hidden, 'conv_body', channels, channels)]);
  for (let doubling = 1; doubling <= doublings; doubling++) {
    const doubled = graph.op('DoubleSize', [hidden]);
    hidden = leaky(graph, convolution(graph, doubled, `conv_up${doubling}`, channels, channels));
  }
  hidden = leaky(graph, convolution(graph, hidden, 'conv_hr', channels, channels));
  const image = convolution(graph, hidden, 'conv_last', channels, 3);
  graph.output('image', image, ['rows', 3, 'image.height', 'image.width']);
  return graph;
}

/** Three dense blocks, added to their input. */
function residualBlock(graph: Graph, x: Value, name: string, config: UpscalerConfig): Value {
  const dense = [1, 2, 3].reduce((hidden, index) => denseBlock(graph, hidden, `${name}.rdb${index}`, config), x);
  return addSmall(graph, dense, x);
}

/** Convolutions each of which sees what all before it made, added to their input. */
function denseBlock(graph: Graph, x: Value, name: string, { channels, growth }: UpscalerConfig): Value {
  let seen = x;
  for (let layer = 1; layer < denseLayers; layer++) {
    const made = convolution(graph, seen, `${name}.conv${layer}`, channels + (layer - 1) * growth, growth);
    seen = graph.op('ConcatChannels', [seen, leaky(graph, made)]);
  }
  const inputs = channels + (denseLayers - 1) * growth;
  return addSmall(graph, convolution(graph, seen, `${name}.conv${denseLayers}`, inputs, channels), x);
}

function addSmall(graph: Graph, change: Value, x: Value): Value {
  return graph.op('Add', [graph.op('Affine', [change], { scale: residualScale, shift: 0 }), x]);
}

function leaky(graph: Graph, x: Value): Value {
  return graph.op('LeakyRelu', [x], { slope });
}
