import { ArmatureError } from '../../errors.ts';
import type { ControlNetConfig } from '../../graph/configs.ts';
import type { Delta, ScaledDelta } from '../../graph/delta.ts';
import { type Family, familyOf } from '../../graph/family.ts';
import type { NetworkPart, WeightRef, Weights } from '../../graph/weights.ts';
import { elementCount } from '../../numeric/tensor.ts';
import { ldmLayersPerBlock, ldmUNetRules } from '../key-maps/ldm-unet.ts';
import { fingerprint } from '../safetensors/fingerprint.ts';
import { folderAbove, movedRef } from '../safetensors/moved-ref.ts';
import type { SafetensorsFile } from '../safetensors/safetensors.ts';
import type { BaseCheckpoint } from './layout.ts';
import { encoderWeights } from './encoder-weights.ts';
import { weightsOf } from './weights.ts';

/** How the file of a ControlNet changes the weights of a base model's UNet, whose names they have. */
export type BoundMethod = 'control-LoRA' | 'difference';

/** A ControlNet that is whole only on a base model. Nothing but its header has been read. */
export interface BoundControlNet {
  readonly method: BoundMethod;
  readonly layout: 'single-file';
  readonly family: Family;
  readonly hash: string;
  /**
   * The whole of it on a base model, whose weights are those that are stored. Throws `incompatible_control` where that has no such layers,
   * or of other shapes.
   */
  readonly on: (base: BaseCheckpoint, name: string) => NetworkPart<ControlNetConfig>;
}

/** Tensors that say what a file is, and hold nothing. */
const markers = new Map<string, BoundMethod>([
  ['lora_controlnet', 'control-LoRA'],
  ['difference', 'difference'],
]);

/** What a file is by its marker; null where it has none. */
export function boundMethod({ tensors }: Pick<SafetensorsFile, 'tensors'>): BoundMethod | null {
  for (const [marker, method] of markers) if (tensors.has(marker)) return method;
  return null;
}

/** Opens a file that {@link boundMethod} knows. Throws `model_invalid` where parts of it are missing. */
export async function openBoundControlNet(file: SafetensorsFile, method: BoundMethod): Promise<BoundControlNet> {
  const own = ownWeights(file);
  if (method === 'control-LoRA') requirePairs(own, file.name);
  const { hintChannels, ...shape } = shapeOf(own, file.name);
  const family = familyOf(shape, shape.inChannels);
  return {
    method,
    layout: 'single-file',
    family,
    hash: await fingerprint([file], [{ method }]),
    on(base, name) {
      const folder = folderAbove([file.folder, base.unet.weightsFolder]);
      const moved = (weights: Weights, from: string): Weights =>
        new Map([...weights].map(([weight, ref]) => [weight, movedRef(ref, from, folder)]));
      const encoder = moved(encoderWeights(base.unet.weights), base.unet.weightsFolder);
      const changed = method === 'difference' ? byDifference : byLowRank;
      const { weights, deltas } = changed(
        moved(own, file.folder),
        encoder,
        `The ControlNet ${file.name} (a ${method})`,
        name,
      );
      // A ControlNet is told nothing of the guidance.
      const { guidanceWidth: _, ...settings } = base.unet.config;
      const config: ControlNetConfig = {
        ...settings,
        inChannels: shape.inChannels,
        conditioningChannels: weightOf(own, 'controlnet_cond_embedding.conv_in.weight', file.name).shape[1] ?? 0,
        hintChannels,
        globalPoolConditions: false,
        channelOrder: 'rgb',
      };
      return { config, weights, weightsFolder: folder, deltas };
    },
  };
}

type Changed = Required<Pick<NetworkPart<ControlNetConfig>, 'weights' | 'deltas'>>;

/** Every weight that the base has too is added to that one; the others are whole. */
function byDifference(own: Weights, encoder: Weights, what: string, base: string): Changed {
  const weights = new Map<string, WeightRef>();
  const deltas = new Map<string, readonly ScaledDelta[]>();
  for (const [name, ref] of own) {
    const of = encoder.get(name);
    weights.set(name, of ?? ref);
    if (of === undefined) continue;
    if (elementCount(of.shape) !== elementCount(ref.shape)) throw misfit(what, base, name, ref, of);
    deltas.set(name, whole(of, { kind: 'elementwise', of: [{ kind: 'stored', ref }], times: 1 }));
  }
  return { weights, deltas };
}

/** What there is as `up` and `down` is their product, added to the base's weight; what is whole takes its place; all else is the base's. */
function byLowRank(own: Weights, encoder: Weights, what: string, base: string): Changed {
  const weights = new Map(encoder);
  const deltas = new Map<string, readonly ScaledDelta[]>();
  for (const [name, ref] of own) {
    const [, module = '', part] = /^(.+)\.(up|down)$/.exec(name) ?? [];
    if (part === undefined) weights.set(name, ref);
    if (part !== 'up') continue;
    const right = weightOf(own, `${module}.down`, what);
    const weight = `${module}.weight`;
    const of = encoder.get(weight);
    const [outputs = 0, rank = 0] = ref.shape;
    if (
      of === undefined ||
      outputs !== of.shape[0] ||
      outputs * (elementCount(right.shape) / rank) !== elementCount(of.shape)
    ) {
      throw misfit(what, base, weight, ref, of);
    }
    deltas.set(weight, whole(of, { kind: 'elementwise', of: [{ kind: 'product', left: ref, right }], times: 1 }));
  }
  return { weights, deltas };
}

/** A product has two factors, and what is a product is not whole as well. */
function requirePairs(own: Weights, source: string): void {
  for (const name of own.keys()) {
    const [, module = '', part] = /^(.+)\.(up|down)$/.exec(name) ?? [];
    if (part === undefined) continue;
    weightOf(own, `${module}.${part === 'up' ? 'down' : 'up'}`, source);
    if (!own.has(`${module}.weight`)) continue;
    const detail = `${source} has ${module} both whole and as a product: which one counts can't be told.`;
    throw new ArmatureError('model_invalid', detail);
  }
}

function whole({ shape }: WeightRef, delta: Delta): readonly ScaledDelta[] {
  return [{ delta, scale: 1, inputs: shape[1] ?? 1 }];
}

function ownWeights(file: SafetensorsFile): Weights {
  const tensors = new Map([...file.tensors].filter(([name]) => !markers.has(name)));
  const named = { ...file, tensors };
  if (tensors.has('controlnet_cond_embedding.conv_in.weight')) return weightsOf([named]);
  const prefix = tensors.has('control_model.input_hint_block.0.weight') ? 'control_model.' : '';
  const layers = ldmLayersPerBlock(
    (name) => tensors.has(prefix + name) || tensors.has(prefix + name.replace(/weight$/, 'up')),
  );
  return weightsOf([named], ldmUNetRules(layers), prefix);
}

/** The sizes that decide what it fits, by its zero convolutions and the width of the text that it looks at. */
function shapeOf(own: Weights, source: string) {
  const names = [...own.keys()];
  const zeros = names.filter((name) => /^controlnet_down_blocks\.\d+\.weight$/.test(name)).length;
  const channels = Array.from({ length: zeros }, (_, point) => {
    return weightOf(own, `controlnet_down_blocks.${point}.weight`, source).shape[0] ?? 0;
  });
  const downsamplers = names.filter((name) =>
    /^down_blocks\.\d+\.downsamplers\.0\.conv\.(?:weight|up)$/.test(name),
  ).length;
  // One point for what goes in, and then each level's residual blocks and, but for the last, its downsampler.
  const layersPerBlock = (zeros - 1 - downsamplers) / (downsamplers + 1);
  if (!Number.isInteger(layersPerBlock) || layersPerBlock < 1) {
    const detail = `Expected a zero convolution for each block of ${source} but it has ${zeros}: tensors of it are missing.`;
    throw new ArmatureError('model_invalid', detail);
  }
  const blockChannels = Array.from({ length: downsamplers + 1 }, (_, level) => {
    return channels[1 + level * (layersPerBlock + 1)] ?? 0;
  });
  const keys = names.find((name) => /\.attn2\.to_k\.(?:weight|down)$/.test(name));
  const crossAttentionDim = weightOf(own, keys ?? 'attn2.to_k.weight', source).shape[1] ?? 0;
  const first = own.get('conv_in.weight') ?? own.get('conv_in.down');
  const hint = 'controlnet_cond_embedding';
  const hintChannels = [
    weightOf(own, `${hint}.conv_in.weight`, source).shape[0] ?? 0,
    ...[1, 3, 5].map((block) => weightOf(own, `${hint}.blocks.${block}.weight`, source).shape[0] ?? 0),
  ];
  return { blockChannels, layersPerBlock, crossAttentionDim, inChannels: first?.shape[1] ?? 4, hintChannels };
}

function weightOf(own: Weights, name: string, source: string): WeightRef {
  const ref = own.get(name);
  if (ref !== undefined) return ref;
  throw new ArmatureError('model_invalid', `Expected a tensor for ${name} in ${source} but it has none.`);
}

function misfit(what: string, base: string, weight: string, ref: WeightRef, of: WeightRef | undefined): ArmatureError {
  const has = of === undefined ? 'has no such weight' : `has it as [${of.shape.join(', ')}]`;
  const detail = `${what} changes the weight ${weight} by [${ref.shape.join(', ')}], but the base model ${base} ${has}. Choose a base model with the layers of the one that it was made from.`;
  return new ArmatureError('incompatible_control', detail);
}
