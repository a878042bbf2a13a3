import type { UNetConfig } from '../configs.ts';
import { Graph, type NetworkOptions } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import { silu } from '../layers/activation.ts';
import { convolution } from '../layers/convolution.ts';
import { groupNorm } from '../layers/normalization.ts';
import { upsampleTo } from '../layers/resampling.ts';
import type { NetworkPart } from '../weights.ts';
import { type BranchSet, isBranched } from './branch-sets.ts';
import { besideText } from './image-prompts.ts';
import {
  type AtPlace,
  conditioning,
  type Conditioning,
  encode,
  type Encoded,
  unetResnet,
  unetTransformer,
} from './unet-encoder.ts';

export interface UNetOptions extends NetworkOptions {
  /** With an input `feature.<i>` for each place where a T2I-Adapter's features enter, of any shape that broadcasts to that place's. */
  readonly features?: boolean;
  /** With a branch of low rank beside each layer of this set (see withBranch). */
  readonly branches?: BranchSet | undefined;
  /** How many image prompts may act on a row (see besideText); none where not told. */
  readonly imagePrompts?: number;
  /** The share of the tokens, above 0 and at most 0.75, that the first level that has transformers merges where it attends to itself; absent: none. */
  readonly tokenMerging?: number | undefined;
}

/**
 * The denoising network (UNet2DConditionModel of diffusers). All float32.
 *
 * Inputs: `sample` [rows, inChannels, h, w], `timestep` [rows], `encoder_hidden_states` [rows, tokens, crossAttentionDim], in SDXL
 * `text_embeds` [rows, pooledWidth] and `time_ids` [rows, ids], where guidance is an input `guidance` [rows, 1], 1000 times what its scale is above 1, and one `residual.<i>` for each injection point, of any shape that broadcasts to that point's: a zero of shape [1, 1, 1, 1]
 * stands for no ControlNet. Output: `out` [rows, outChannels, h, w].
 *
 * Sizes that halving does not divide are resized on the way up to their skip connection's size, as in diffusers.
 */
export function unet(part: NetworkPart<UNetConfig>, { branches, ...options }: UNetOptions = {}): Graph {
  const { config } = part;
  const branched = branches === undefined ? undefined : (layer: string) => isBranched(branches, layer);
  const graph = new Graph('UNet', part, { ...options, everyStep: true, branches: branched });
  const sample = graph.input('sample', 'float32', ['rows', config.inChannels, 'height', 'width']);
  const beside = (options.imagePrompts ?? 0) > 0 ? besideText(graph, options.imagePrompts ?? 0) : undefined;
  const given = { ...conditioning(graph, config), beside, merging: mergingIn(config, options.tokenMerging) };
  const channels = config.blockChannels[0] as number;
  const first = convolution(graph, sample, 'conv_in', config.inChannels, channels);
  const features = options.features === true ? addFeatures(graph) : undefined;
  const controlled = withResiduals(graph, encode(graph, config, given, first, features));
  let hidden = decode(graph, config, given, controlled);
  hidden = silu(graph, groupNorm(graph, hidden, 'conv_norm_out', channels, config.normGroups, config.normEps));
  const out = convolution(graph, hidden, 'conv_out', channels, config.outChannels);
  graph.output('out', out, ['rows', config.outChannels, 'height', 'width']);
  return graph;
}

/** Tokens are merged where they are most: where the picture is largest. */
function mergingIn({ transformerLayers }: UNetConfig, share: number | undefined) {
  const first = transformerLayers.findIndex((layers) => layers.some((count) => count > 0));
  return (level: number): number | undefined => (level === first ? share : undefined);
}

/** Adds an input of that name to a value. Its sizes have names of their own: none need equal those of the value. */
function withInput(graph: Graph, value: Value, name: string): Value {
  const dims = ['rows', 'channels', 'height', 'width'].map((axis) => `${name}.${axis}`);
  return graph.op('AddTo', [value, graph.input(name, 'float32', dims)]);
}

function addFeatures(graph: Graph): AtPlace {
  return (place, made) => withInput(graph, made, `feature.${place}`);
}

/** Adds the inputs `residual.<i>`. */
function withResiduals(graph: Graph, { skips, middle }: Encoded): Encoded {
  const add = (value: Value, index: number): Value => withInput(graph, value, `residual.${index}`);
  return {
    skips: skips.map((skip, index) => ({ ...skip, value: add(skip.value, index) })),
    middle: add(middle, skips.length),
  };
}

/** The way up, deepest level first; each residual block takes the last skip connection that is left. */
function decode(graph: Graph, config: UNetConfig, given: Conditioning, encoded: Encoded): Value {
  const { blockChannels, layersPerBlock, upTransformerLayers } = config;
  const skips = [...encoded.skips];
  let hidden = encoded.middle;
  let inputs = blockChannels.at(-1) as number;
  upTransformerLayers.forEach((transformers, index) => {
    const level = blockChannels.length - 1 - index;
    const channels = blockChannels[level] as number;
    const name = `up_blocks.${index}`;
    for (let layer = 0; layer <= layersPerBlock; layer++) {
      const skip = skips.pop() as Encoded['skips'][number];
      hidden = graph.op('ConcatChannels', [hidden, skip.value]);
      const both = inputs + skip.channels;
      hidden = unetResnet(graph, config, given, hidden, `${name}.resnets.${layer}`, both, channels);
      const place = { level, layers: transformers[layer] ?? 0 };
      hidden = unetTransformer(graph, config, given, hidden, `${name}.attentions.${layer}`, place);
      inputs = channels;
    }
    const next = skips.at(-1);
    if (next !== undefined) hidden = upsampleTo(graph, hidden, next.value, `${name}.upsamplers.0`, channels);
  });
  return hidden;
}
