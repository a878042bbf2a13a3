import {
  buildControlNet,
  buildHintEncoder,
  buildImageEncoder,
  buildIpAdapter,
  buildT2iAdapter,
  buildUNet,
  crossAttentions,
  type DeepCut,
  deepFeatures,
  featurePlaces,
  injectionPoints,
  type OnnxModel,
  type Tiling,
  type UNetOptions,
} from '../graph/compiler/index.ts';
import { taskOf } from '../graph/task.ts';
import { concatChannels, type Tensor } from '../numeric/tensor.ts';
import { nothing } from '../pipeline/controls/residuals.ts';
import type {
  AdapterNetworks,
  ControlNetworks,
  DenoiserInput,
  ImagePromptNetworks,
  PictureNetworks,
  RowBranch,
  RowsCut,
  Steering,
  UnionHint,
} from '../pipeline/networks/networks.ts';
import type { Feeds, SessionPool } from '../runtime/index.ts';
import type { BaseCheckpoint, T2iAdapterCheckpoint, WholeControlNet } from '../weights/checkpoint.ts';
import type { ImageEncoderCheckpoint } from '../weights/layouts/image-encoder.ts';
import type { IpAdapterCheckpoint } from '../weights/layouts/ip-adapter-file.ts';
import { vaeNetworks } from './autoencoders.ts';
import { Branches } from './branches.ts';
import { imagePromptFeeds } from './image-prompt-feeds.ts';
import { type NetworkDeltas, noDeltas } from './merged-loras.ts';
import { tiled } from './network-variant.ts';
import { run, runOne, sessionKey } from './run-network.ts';
import { UNetVariants } from './unet-variants.ts';

/**
 * Memory that a UNet works in, a row, in planes of its first level (channels x height x width, float32): the UNet of
 * Stable Diffusion 1.5 was measured at 0.25 GB a row for 512x512 (docs/decisions/0003).
 */
const workingPlanes = 50;

/**
 * The denoiser of a base model, with what adapters change of it, and its autoencoder, which none changes, run through a pool of sessions under
 * keys that begin with `key`. What tiles wraps along these axes; the denoiser
 * merges that share of its tokens.
 */
export function baseNetworks(
  pool: SessionPool,
  key: string,
  { unet, vae }: BaseCheckpoint,
  { deltas, into }: NetworkDeltas = noDeltas,
  branches = new Branches(pool),
  tiling?: Tiling,
  tokenMerging?: number,
): PictureNetworks {
  const points = injectionPoints(unet.config);
  const places = featurePlaces(unet.config).length;
  const attentions = crossAttentions(unet.config);
  const deep = deepFeatures(unet.config);
  const variants = new UNetVariants(pool, key, { deltas, tiling, tokenMerging }, branches);
  /** `out`, and of a whole UNet that is cut `deep`. */
  const denoise = async (
    input: DenoiserInput,
    { residuals, features: given, imageTokens }: Steering,
    rows: readonly (readonly RowBranch[])[],
    cut?: RowsCut,
  ): Promise<readonly Tensor[]> => {
    const slots = imageTokens.reduce((most, own) => Math.max(most, own.length), 0);
    const at: DeepCut | undefined =
      cut === undefined ? undefined : { depth: cut.depth, part: cut.deep === null ? 'whole' : 'shallow' };
    const variant = variants.choose(given.length > 0, rows.flat(), slots, at);
    const { session, features, branches: set, imagePrompts, deepCache } = variant;
    const added = features ? Array.from({ length: places }, (_, place) => given[place] ?? nothing) : [];
    const beside = set === undefined ? {} : await branches.feeds(variants.shapes(unet, set, deepCache), rows);
    const [height = 0, width = 0] = input.sample.dims.slice(2);
    const images = imageTokens.length > 0 ? imageTokens : Array.from({ length: input.sample.dims[0] ?? 0 }, () => []);
    const options = { features, branches: set, imagePrompts, tiling, tokenMerging, deepCache };
    const feeds: Feeds = {
      ...denoiserFeeds(input),
      ...((input.shown ?? null) === null ? {} : { sample: concatChannels(input.sample, input.shown as Tensor) }),
      ...numbered('residual', residuals),
      ...numbered('feature', added),
      ...beside,
      ...imagePromptFeeds(attentions, imagePrompts, images, { width, height }),
    };
    const outputs = at?.part === 'whole' ? ['out', 'deep'] : ['out'];
    const taken = cut === undefined || cut.deep === null ? feeds : shallowFeeds({ ...feeds, deep: cut.deep }, options);
    return await run(pool, session, () => buildUNet(into(unet), options), outputs, taken);
  };
  /** What lies deeper than a cut is given nothing. */
  const shallowFeeds = (feeds: Feeds, options: UNetOptions): Feeds => {
    const taken = variants.inputs(unet, options);
    return Object.fromEntries(Object.entries(feeds).filter(([name]) => taken.has(name)));
  };
  return {
    ...vaeNetworks(pool, key, vae, tiling),
    latentChannels: vae.config.latentChannels,
    task: taskOf(unet.config.inChannels, vae.config.latentChannels) ?? 'drawing',
    latentScale: 2 ** (vae.config.blockChannels.length - 1),
    injectionPoints: points.length,
    featurePlaces: places,
    rowBytes: (height, width) => workingPlanes * 4 * height * width * (unet.config.blockChannels[0] ?? 0),
    residualBytes: (height, width) =>
      points.reduce((sum, { channels, downscale }) => {
        return sum + 4 * channels * halved(height, downscale) * halved(width, downscale);
      }, 0),
    deepBytes: (depth, height, width) => {
      const { channels, downscale } = deep[depth] as (typeof deep)[number];
      return 4 * channels * halved(height, downscale) * halved(width, downscale);
    },
    reloadMs: (loras, { features, imagePrompts, cut }) => {
      const at: DeepCut | undefined =
        cut === undefined ? undefined : { depth: cut.depth, part: cut.isGiven ? 'shallow' : 'whole' };
      return pool.reloadMs(variants.choose(features, loras, imagePrompts, at).session);
    },
    denoise: async (input, steering, rows) => (await denoise(input, steering, rows))[0] as Tensor,
    denoiseCut: async (input, steering, rows, cut) => {
      const [prediction, made] = await denoise(input, steering, rows, cut);
      return { prediction: prediction as Tensor, deep: cut.deep ?? (made as Tensor) };
    },
  };
}

/** The networks of a T2I-Adapter, as {@link baseNetworks}. */
export function adapterNetworks(
  pool: SessionPool,
  key: string,
  { part }: T2iAdapterCheckpoint,
  tiling?: Tiling,
): AdapterNetworks {
  const { conditioningChannels, cell, levels } = part.config;
  const outputs = levels.map((_, level) => `feature.${level}`);
  const session = sessionKey(`${key}/adapter`, { structure: tiled(tiling) });
  return {
    conditioningChannels,
    cell,
    features: async (cells) => await run(pool, session, () => buildT2iAdapter(part, { tiling }), outputs, { cells }),
  };
}

/**
 * The networks of an IP-Adapter with its image encoder, as {@link baseNetworks}. What they make of no picture: of an embedding of zeros for the
 * basic one, and of what the encoder sees in a picture of zeros, which is the mean of all, for Plus (diffusers).
 */
export function imagePromptNetworks(
  pool: SessionPool,
  keys: { readonly adapter: string; readonly encoder: string },
  { adapter }: IpAdapterCheckpoint,
  { encoder }: ImageEncoderCheckpoint,
): ImagePromptNetworks {
  const { imageSize, patchSize } = encoder.config;
  const { resampler, pictureWidth, tokens: count, widths } = adapter.config;
  const length = 1 + (imageSize / patchSize) ** 2;
  const sessions = {
    encoder: sessionKey(`${keys.encoder}/image_encoder`),
    adapter: sessionKey(`${keys.adapter}/ip_adapter`, {
      structure: resampler === null ? {} : { pictureTokens: length },
    }),
  };
  const outputs = widths.flatMap((_, index) => [`keys.${index}`, `values.${index}`]);
  const seen = async (pixels: Tensor): Promise<Tensor> => {
    const output = resampler === null ? 'embeds' : 'hidden';
    return await runOne(pool, sessions.encoder, () => buildImageEncoder(encoder), output, { pixels });
  };
  const nothingSeen = async (): Promise<Tensor> => {
    if (resampler === null) return { dims: [1, pictureWidth], data: new Float32Array(pictureWidth) };
    return await seen({ dims: [1, 3, imageSize, imageSize], data: new Float32Array(3 * imageSize ** 2) });
  };
  return {
    imageSize,
    tokensOf: async (pixels) => {
      const picture = await (pixels === null ? nothingSeen() : seen(pixels));
      const made = await run(pool, sessions.adapter, () => buildIpAdapter(adapter, { length }), outputs, { picture });
      const every = (offset: number): readonly Float32Array[] =>
        made.filter((_, index) => index % 2 === offset).map(({ data }) => data);
      return { count, keys: every(0), values: every(1) };
    },
  };
}

/** The networks of a ControlNet, as {@link baseNetworks}. */
export function controlNetworks(
  pool: SessionPool,
  key: string,
  { controlnet }: WholeControlNet,
  tiling?: Tiling,
): ControlNetworks {
  const points = injectionPoints(controlnet.config);
  const outputs = points.map((_, point) => `residual.${point}`);
  const pooled = controlnet.config.globalPoolConditions;
  const sessions = {
    encoder: sessionKey(`${key}/controlnet`, { structure: { ...(pooled ? { pooled } : {}), ...tiled(tiling) } }),
    hint: sessionKey(`${key}/hint`, { structure: tiled(tiling) }),
  };
  return {
    pooled,
    reloadMs: () => pool.reloadMs(sessions.encoder),
    encodeHint: async (image, as) => {
      const told = as === undefined ? {} : unionFeeds(as);
      const build = (): OnnxModel => buildHintEncoder(controlnet, { tiling });
      return await runOne(pool, sessions.hint, build, 'hint', { image, ...told });
    },
    residuals: async (input, hint, scale, types) => {
      const feeds = { ...controlFeeds(input), hint, scale, ...(types === null ? {} : { types }) };
      const build = (): OnnxModel => buildControlNet(controlnet, { tiling });
      const residuals = await run(pool, sessions.encoder, build, outputs, feeds);
      return pooled
        ? residuals.map((mean, point) => spreadOver(mean, input.sample, points[point]?.downscale ?? 1))
        : residuals;
    },
  };
}

function unionFeeds({ type, scale }: UnionHint): Feeds {
  return {
    type: { dims: [1, 1], data: Int32Array.of(type) },
    hint_scale: { dims: [1, 1], data: Float32Array.of(scale) },
  };
}

/** Means [rows, C, 1, 1] as constant planes of the injection point's size, so that they add up with other residuals. */
function spreadOver(mean: Tensor, sample: Tensor, downscale: number): Tensor {
  const [height = 0, width = 0] = sample.dims.slice(2).map((size) => halved(size, downscale));
  const [rows = 0, channels = 0] = mean.dims;
  const data = new Float32Array(rows * channels * height * width);
  mean.data.forEach((value, plane) => data.fill(value, plane * height * width, (plane + 1) * height * width));
  return { dims: [rows, channels, height, width], data };
}

/** A size after strided convolutions that together divide by `downscale`, a power of two. */
function halved(size: number, downscale: number): number {
  return downscale === 1 ? size : halved(Math.ceil(size / 2), downscale / 2);
}

function numbered(name: string, tensors: readonly Tensor[]): Feeds {
  return Object.fromEntries(tensors.map((value, index) => [`${name}.${index}`, value]));
}

/** What the networks call the rows of a conditioning. */
const conditioningInputs: Readonly<Record<string, string>> = { context: 'encoder_hidden_states' };

/** Of a ControlNet, which takes no guidance though its denoiser may. */
function controlFeeds(input: DenoiserInput): Feeds {
  const { guidance: _, ...conditioning } = input.conditioning;
  return denoiserFeeds({ ...input, conditioning });
}

function denoiserFeeds({ sample, timestep, conditioning }: DenoiserInput): Feeds {
  const told = Object.entries(conditioning).map(([name, rows]) => [conditioningInputs[name] ?? name, rows]);
  return { sample, timestep, ...Object.fromEntries(told) };
}
