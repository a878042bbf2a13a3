import { ArmatureError } from '../../errors.ts';
import { buildIpAdapter } from '../../graph/compiler/index.ts';
import type { IpAdapterConfig, ResamplerConfig } from '../../graph/configs.ts';
import type { NetworkPart, Weights } from '../../graph/weights.ts';
import { fingerprint } from '../safetensors/fingerprint.ts';
import type { SafetensorsFile } from '../safetensors/safetensors.ts';
import { openWeightFile } from '../safetensors/weight-files.ts';
import { refuseLeftovers } from './leftovers.ts';
import { anIpAdapter, otherKind } from './other-kinds.ts';
import { weightsOf } from './weights.ts';

/** An IP-Adapter, basic or Plus. Nothing but the header has been read. */
export interface IpAdapterCheckpoint {
  readonly adapter: NetworkPart<IpAdapterConfig>;
  readonly hash: string;
}

/**
 * Opens an IP-Adapter: a single .safetensors file with the published names, `image_proj.*` and `ip_adapter.<n>.to_k_ip.weight`. Throws
 * `model_invalid` for what is none, `not_supported_yet` for a tensor that has no use.
 */
export async function openIpAdapterFile(path: string, opened?: SafetensorsFile): Promise<IpAdapterCheckpoint> {
  const file = opened ?? (await openWeightFile(path));
  if (!isIpAdapter(file)) {
    throw new ArmatureError(
      'model_invalid',
      `Expected an IP-Adapter in ${file.name} but it is ${otherKind(file) ?? 'none'}.`,
    );
  }
  const weights = weightsOf([file]);
  const adapter = { config: inferConfig(weights, file.name), weights, weightsFolder: file.folder };
  refuseLeftovers(adapter, [buildIpAdapter(adapter)], file.name);
  return { adapter, hash: await fingerprint([file], [adapter.config]) };
}

export function isIpAdapter(file: Pick<SafetensorsFile, 'tensors'>): boolean {
  return otherKind(file) === anIpAdapter;
}

/** Heads of a resampler are this wide. */
const headWidth = 64;

function inferConfig(weights: Weights, source: string): IpAdapterConfig {
  const size = (name: string, axis: number): number => {
    const found = weights.get(name)?.shape[axis];
    if (found !== undefined) return found;
    throw new ArmatureError('model_invalid', `Expected a tensor for ${name} in ${source} but it has none.`);
  };
  const widths = widthsOf(weights, source);
  if (weights.has('image_proj.latents')) {
    return {
      pictureWidth: size('image_proj.proj_in.weight', 1),
      tokens: size('image_proj.latents', 1),
      contextWidth: size('image_proj.proj_out.weight', 0),
      widths,
      resampler: resamplerOf(weights, size, source),
    };
  }
  const contextWidth = size('image_proj.norm.weight', 0);
  return {
    pictureWidth: size('image_proj.proj.weight', 1),
    tokens: size('image_proj.proj.weight', 0) / contextWidth,
    contextWidth,
    widths,
    resampler: null,
  };
}

function resamplerOf(weights: Weights, size: (name: string, axis: number) => number, source: string): ResamplerConfig {
  const numbers = [...weights.keys()].flatMap((name) => /^image_proj\.layers\.(\d+)\./.exec(name)?.[1] ?? []);
  const inner = size('image_proj.layers.0.0.to_q.weight', 0);
  if (inner % headWidth !== 0) {
    const detail = `Expected attention heads of width ${headWidth} in ${source} but all together are ${inner} wide.`;
    throw new ArmatureError('model_invalid', detail);
  }
  return {
    width: size('image_proj.latents', 2),
    layers: new Set(numbers).size,
    heads: inner / headWidth,
    inner,
    feedForwardWidth: size('image_proj.layers.0.1.1.weight', 0),
  };
}

/** By their numbers, which are 1, 3, 5 and so on: the even ones are attentions of a picture on itself. */
function widthsOf(weights: Weights, source: string): readonly number[] {
  const numbers = [...weights.keys()].flatMap((name) => {
    const number = /^ip_adapter\.(\d+)\.to_k_ip\.weight$/.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
  const sorted = numbers.toSorted((a, b) => a - b);
  const wrong = sorted.find((number, index) => number !== 2 * index + 1);
  if (sorted.length === 0 || wrong !== undefined) {
    const received = wrong === undefined ? 'there are none' : `one is ${wrong}`;
    const detail = `Expected the numbers of attentions in ${source} (ip_adapter.<n>.to_k_ip.weight) to be 1, 3, 5 and so on but ${received}.`;
    throw new ArmatureError('model_invalid', detail);
  }
  return sorted.map((number) => weights.get(`ip_adapter.${number}.to_k_ip.weight`)?.shape[0] ?? 0);
}
