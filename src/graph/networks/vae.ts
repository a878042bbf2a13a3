import type { VaeConfig } from '../configs.ts';
import { Graph, type NetworkOptions } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { silu } from '../layers/activation.ts';
import { attention } from '../layers/attention.ts';
import { convolution } from '../layers/convolution.ts';
import { groupNorm } from '../layers/normalization.ts';
import { downsample, upsampleTwice } from '../layers/resampling.ts';
import { resnet } from '../layers/resnet.ts';
import { diffusersProjections } from '../layers/transformer.ts';
import type { NetworkPart } from '../weights.ts';

/** Every GroupNorm of an AutoencoderKL. */
const epsilon = 1e-6;

/**
 * The decoder of an AutoencoderKL. Input: `latent` [rows, latentChannels, h, w], already divided by the scaling factor.
 * Output: `image` [rows, 3, 8h, 8w], about -1..1 and not clamped. (8 is 2 to the number of levels less one.)
 */
export function vaeDecoder(part: NetworkPart<VaeConfig>, options: NetworkOptions = {}): Graph {
  const { config } = part;
  const { latentChannels, blockChannels, layersPerBlock, normGroups: groups } = config;
  const graph = new Graph('VAE decoder', part, options);
  let hidden = graph.input('latent', 'float32', ['rows', latentChannels, 'height', 'width']);
  if (config.postQuantConv) {
    hidden = convolution(graph, hidden, 'post_quant_conv', latentChannels, latentChannels, { kernel: 1 });
  }
  let channels = blockChannels.at(-1) as number;
  hidden = convolution(graph, hidden, 'decoder.conv_in', latentChannels, channels);
  hidden = middleBlock(graph, config, hidden, 'decoder.mid_block');
  blockChannels.toReversed().forEach((outputs, index) => {
    const name = `decoder.up_blocks.${index}`;
    for (let layer = 0; layer <= layersPerBlock; layer++) {
      hidden = resnet(graph, hidden, `${name}.resnets.${layer}`, { inputs: channels, outputs, groups, epsilon });
      channels = outputs;
    }
    if (index < blockChannels.length - 1) hidden = upsampleTwice(graph, hidden, `${name}.upsamplers.0`, channels);
  });
  hidden = silu(graph, groupNorm(graph, hidden, 'decoder.conv_norm_out', channels, groups, epsilon));
  const image = convolution(graph, hidden, 'decoder.conv_out', channels, config.imageChannels);
  graph.output('image', image, ['rows', config.imageChannels, 'image.height', 'image.width']);
  return graph;
}

/**
 * The encoder of an AutoencoderKL. Input: `image` [rows, 3, H, W], -1..1. Outputs: `mean` and `logvar` (-30..20) of the
 * latents before scaling, [rows, latentChannels, H/8, W/8].
 */
export function vaeEncoder(part: NetworkPart<VaeConfig>, options: NetworkOptions = {}): Graph {
  const { config } = part;
  const { latentChannels, blockChannels, layersPerBlock, normGroups: groups } = config;
  const graph = new Graph('VAE encoder', part, options);
  const image = graph.input('image', 'float32', ['rows', config.imageChannels, 'image.height', 'image.width']);
  let channels = blockChannels[0] as number;
  let hidden = convolution(graph, image, 'encoder.conv_in', config.imageChannels, channels);
  blockChannels.forEach((outputs, level) => {
    const name = `encoder.down_blocks.${level}`;
    for (let layer = 0; layer < layersPerBlock; layer++) {
      hidden = resnet(graph, hidden, `${name}.resnets.${layer}`, { inputs: channels, outputs, groups, epsilon });
      channels = outputs;
    }
    if (level === blockChannels.length - 1) return;
    hidden = downsample(graph, hidden, `${name}.downsamplers.0`, channels, 'right and bottom');
  });
  hidden = middleBlock(graph, config, hidden, 'encoder.mid_block');
  hidden = silu(graph, groupNorm(graph, hidden, 'encoder.conv_norm_out', channels, groups, epsilon));
  hidden = convolution(graph, hidden, 'encoder.conv_out', channels, 2 * latentChannels);
  if (config.quantConv) {
    hidden = convolution(graph, hidden, 'quant_conv', 2 * latentChannels, 2 * latentChannels, { kernel: 1 });
  }
  const [mean, logvar] = graph.several('SplitChannels', [hidden], { count: 2 });
  const clamped = graph.op('Clamp', [logvar as Value], { least: -30, most: 20 });
  graph.output('mean', mean as Value, ['rows', latentChannels, 'height', 'width']);
  graph.output('logvar', clamped, ['rows', latentChannels, 'height', 'width']);
  return graph;
}

function middleBlock(graph: Graph, config: VaeConfig, x: Value, name: string): Value {
  const channels = config.blockChannels.at(-1) as number;
  const options = { inputs: channels, outputs: channels, groups: config.normGroups, epsilon };
  let hidden = resnet(graph, x, `${name}.resnets.0`, options);
  if (config.midBlockAttention)
    hidden = imageAttention(graph, hidden, `${name}.attentions.0`, channels, options.groups);
  return resnet(graph, hidden, `${name}.resnets.1`, options);
}

/** Attention of one head over all positions, added to its input. */
function imageAttention(graph: Graph, x: Value, name: string, channels: number, groups: number): Value {
  const value = graph.op('ImageToTokens', [groupNorm(graph, x, `${name}.group_norm`, channels, groups, epsilon)]);
  const tokens = { value, width: channels };
  const mixed = attention(graph, tokens, tokens, name, { heads: 1, names: diffusersProjections, projectionBias: true });
  return graph.op('Add', [graph.op('TokensToImage', [mixed, x]), x]);
}
