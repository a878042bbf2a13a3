import type { TaesdConfig } from '../configs.ts';
import { Graph, type NetworkOptions } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { relu } from '../layers/activation.ts';
import { convolution } from '../layers/convolution.ts';
import type { NetworkPart } from '../weights.ts';

/** Latents beyond about three times this are nobody's: tanh brings them back. */
const magnitude = 3;

/**
 * The decoder of a TAESD (madebyollin/taesd). Input: `latent` [rows, latentChannels, h, w] of the denoiser, as they are: scaled. Output:
 * `image` [rows, 3, 8h, 8w], about -1..1 and not clamped. (8 is 2 to the number of levels less one.)
 */
export function taesdDecoder(part: NetworkPart<TaesdConfig>, options: NetworkOptions = {}): Graph {
  const { latentChannels, channels, decoderBlocks } = part.config;
  const levels = built(decoderBlocks, 'decoder');
  const graph = new Graph('TAESD decoder', part, options);
  const latent = graph.input('latent', 'float32', ['rows', latentChannels, 'height', 'width']);
  const small = graph.op('Affine', [latent], { scale: 1 / magnitude, shift: 0 });
  const bounded = graph.op('Affine', [graph.op('Tanh', [small])], { scale: magnitude, shift: 0 });
  let hidden = relu(graph, convolution(graph, bounded, 'decoder.layers.0', latentChannels, channels));
  // The activation is layer 1.
  let layer = 2;
  levels.forEach((blocks, level) => {
    for (let block = 0; block < blocks; block++)
      hidden = residual(graph, hidden, layerName('decoder', layer++), channels);
    if (level === levels.length - 1) return;
    hidden = graph.op('DoubleSize', [hidden]);
    layer++;
    hidden = convolution(graph, hidden, layerName('decoder', layer++), channels, channels, { bias: false });
  });
  const picture = convolution(graph, hidden, layerName('decoder', layer), channels, 3);
  const image = graph.op('Affine', [picture], { scale: 2, shift: -1 });
  graph.output('image', image, ['rows', 3, 'image.height', 'image.width']);
  return graph;
}

/** The encoder of a TAESD. Input: `image` [rows, 3, H, W], -1..1. Output: `latent` [rows, latentChannels, H/8, W/8] of the denoiser: scaled. */
export function taesdEncoder(part: NetworkPart<TaesdConfig>, options: NetworkOptions = {}): Graph {
  const { latentChannels, channels, encoderBlocks } = part.config;
  const graph = new Graph('TAESD encoder', part, options);
  const image = graph.input('image', 'float32', ['rows', 3, 'image.height', 'image.width']);
  const picture = graph.op('Affine', [image], { scale: 0.5, shift: 0.5 });
  let hidden = convolution(graph, picture, 'encoder.layers.0', 3, channels);
  let layer = 1;
  built(encoderBlocks, 'encoder').forEach((blocks, level) => {
    if (level > 0) {
      const halved = { stride: 2, bias: false } as const;
      hidden = convolution(graph, hidden, layerName('encoder', layer++), channels, channels, halved);
    }
    for (let block = 0; block < blocks; block++)
      hidden = residual(graph, hidden, layerName('encoder', layer++), channels);
  });
  const latent = convolution(graph, hidden, layerName('encoder', layer), channels, latentChannels);
  graph.output('latent', latent, ['rows', latentChannels, 'height', 'width']);
  return graph;
}

/** Three convolutions added to their input. */
function residual(graph: Graph, x: Value, name: string, channels: number): Value {
  const convolved = (from: Value, part: number): Value =>
    convolution(graph, from, `${name}.conv.${part}`, channels, channels);
  const hidden = convolved(relu(graph, convolved(relu(graph, convolved(x, 0)), 2)), 4);
  return relu(graph, graph.op('Add', [hidden, x]));
}

function layerName(half: 'encoder' | 'decoder', layer: number): string {
  return `${half}.layers.${layer}`;
}

function built(blocks: readonly number[] | null, half: string): readonly number[] {
  if (blocks === null) throw new RangeError(`Expected a TAESD with an ${half} but it has none`);
  return blocks;
}
