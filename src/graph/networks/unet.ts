import type { UNetConfig } from '../configs.ts';
import { Graph, type NetworkOptions } from '../builder/graph.ts';
import type { Value } from '../ir/node.ts';
import type { Size } from '../ir/size.ts';
import { silu } from '../layers/activation.ts';
import { convolution } from '../layers/convolution.ts';
import { groupNorm } from '../layers/normalization.ts';
import { upsampleTo } from '../layers/resampling.ts';
import type { NetworkPart } from '../weights.ts';
import { type BranchSet, isBranched } from './branch-sets.ts';
import { besideText } from './image-prompts.ts';
import { injectionPoints } from './injection-points.ts';
import {
  type AtPlace,
  conditioning,
  type Conditioning,
  encode,
  type Encoded,
  encodeShallow,
  type Skip,
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
  /** For who gives what lies deep again at later steps; absent: all is worked out, and nothing of it given out. */
  readonly deepCache?: DeepCut | undefined;
}

/**
 * Where a UNet is cut that is not worked out whole at every step (Ma et al. 2023, DeepCache, section 3.3): at the skip connection `depth`, counted from that
 * of conv_in, 0. What comes to it from below is the same from step to step, nearly.
 */
export interface DeepCut {
  /** 0 .. the number of skip connections less 1. */
  readonly depth: number;
  /** `whole`: with an output `deep` beside `out`. `shallow`: with an input `deep` in the place of all that is deeper. */
  readonly part: 'whole' | 'shallow';
}

/**
 * The denoising network (UNet2DConditionModel of diffusers). All float32.
 *
 * Inputs: `sample` [rows, inChannels, h, w], `timestep` [rows], `encoder_hidden_states` [rows, tokens, crossAttentionDim], in SDXL
 * `text_embeds` [rows, pooledWidth] and `time_ids` [rows, ids], where guidance is an input `guidance` [rows, 1], 1000 times what its scale is above 1, and one `residual.<i>` for each injection point, of any shape that broadcasts to that point's: a zero of shape [1, 1, 1, 1]
 * stands for no ControlNet. Output: `out` [rows, outChannels, h, w].
 *
 * Cut, it has an output or an input `deep`, of the size of that skip connection; the shallow part takes residuals and features of its own places alone.
 *
 * Sizes that halving does not divide are resized on the way up to their skip connection's size, as in diffusers.
 */
export function unet(part: NetworkPart<UNetConfig>, options: UNetOptions = {}): Graph {
  return writeUNet(part, options).graph;
}

/** The network, and what comes to each skip connection from below. */
export function writeUNet(
  part: NetworkPart<UNetConfig>,
  { branches, deepCache, ...options }: UNetOptions = {},
): { readonly graph: Graph; readonly deep: readonly Value[] } {
  const { config } = part;
  const branched = branches === undefined ? undefined : (layer: string) => isBranched(branches, layer);
  const graph = new Graph('UNet', part, { ...options, everyStep: true, branches: branched });
  const sample = graph.input('sample', 'float32', ['rows', config.inChannels, 'height', 'width']);
  const beside = (options.imagePrompts ?? 0) > 0 ? besideText(graph, options.imagePrompts ?? 0) : undefined;
  const given = { ...conditioning(graph, config), beside, merging: mergingIn(config, options.tokenMerging) };
  const channels = config.blockChannels[0] as number;
  const first = convolution(graph, sample, 'conv_in', config.inChannels, channels);
  const features = options.features === true ? addFeatures(graph) : undefined;
  const shallow = deepCache?.part === 'shallow' ? deepCache.depth : undefined;
  const encoded =
    shallow === undefined
      ? withResiduals(graph, encode(graph, config, given, first, features))
      : cutAt(graph, config, encodeShallow(graph, config, given, first, shallow + 1, features));
  const deep: Value[] = [];
  let hidden = decode(graph, config, given, encoded, (index, from) => (deep[index] = from));
  hidden = silu(graph, groupNorm(graph, hidden, 'conv_norm_out', channels, config.normGroups, config.normEps));
  const out = convolution(graph, hidden, 'conv_out', channels, config.outChannels);
  graph.output('out', out, ['rows', config.outChannels, 'height', 'width']);
  if (deepCache?.part === 'whole') {
    const from = deep[deepCache.depth] as Value;
    graph.output('deep', from, ['rows', from.shape[1] as number, 'deep.height', 'deep.width']);
  }
  return { graph, deep };
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
  return { skips: onSkips(graph, skips), middle: withInput(graph, middle, `residual.${skips.length}`) };
}

function onSkips(graph: Graph, skips: readonly Skip[]): readonly Skip[] {
  return skips.map((skip, index) => ({ ...skip, value: withInput(graph, skip.value, `residual.${index}`) }));
}

/** The first skip connections with their residuals, and in the place of all that is deeper the input `deep`. */
function cutAt(graph: Graph, config: UNetConfig, skips: readonly Skip[]): Encoded {
  const depth = skips.length - 1;
  const [rows, , ...sides] = (skips[depth] as Skip).value.shape;
  const { channels } = deepFeatures(config)[depth] as DeepFeatures;
  return { skips: onSkips(graph, skips), middle: graph.input('deep', 'float32', [rows as Size, channels, ...sides]) };
}

/** What comes to a skip connection from below. */
export interface DeepFeatures {
  readonly channels: number;
  /** Latent size divided by this, rounded up once for each halving. */
  readonly downscale: number;
}

/** By skip connection, that of conv_in first. */
export function deepFeatures(config: UNetConfig): readonly DeepFeatures[] {
  const skips = injectionPoints(config).slice(0, -1);
  const { blockChannels, layersPerBlock } = config;
  // The way up takes them in from the last one, so many a level.
  return skips.map(({ downscale }, index) => {
    const before = skips.length - 1 - index;
    const level = before === 0 ? 0 : Math.floor((before - 1) / (layersPerBlock + 1));
    return { channels: blockChannels[blockChannels.length - 1 - level] as number, downscale };
  });
}

/**
 * The way up, deepest level first; each residual block takes the last skip connection that is left. With fewer skip connections than there are it begins where
 * the last of them is taken in. `seen` is told what comes to each from below.
 */
function decode(
  graph: Graph,
  config: UNetConfig,
  given: Conditioning,
  encoded: Encoded,
  seen: (skip: number, from: Value) => void,
): Value {
  const { blockChannels, layersPerBlock, upTransformerLayers } = config;
  const skips = [...encoded.skips];
  let left = upTransformerLayers.length * (layersPerBlock + 1);
  let hidden = encoded.middle;
  let inputs = blockChannels.at(-1) as number;
  upTransformerLayers.forEach((transformers, index) => {
    const level = blockChannels.length - 1 - index;
    const channels = blockChannels[level] as number;
    const name = `up_blocks.${index}`;
    for (let layer = 0; layer <= layersPerBlock; layer++) {
      if (left-- === skips.length) {
        const skip = skips.pop() as Skip;
        seen(left, hidden);
        hidden = graph.op('ConcatChannels', [hidden, skip.value]);
        const both = inputs + skip.channels;
        hidden = unetResnet(graph, config, given, hidden, `${name}.resnets.${layer}`, both, channels);
        const place = { level, layers: transformers[layer] ?? 0 };
        hidden = unetTransformer(graph, config, given, hidden, `${name}.attentions.${layer}`, place);
      }
      inputs = channels;
    }
    const next = skips.at(-1);
    // What comes from beyond the cut has its size already.
    if (next !== undefined && hidden !== encoded.middle) {
      hidden = upsampleTo(graph, hidden, next.value, `${name}.upsamplers.0`, channels);
    }
  });
  return hidden;
}
