import type { ControlNetConfig, UNetConfig } from '../../graph/configs.ts';
import { injectionPoints } from '../../graph/networks/injection-points.ts';
import type { NetworkPart, WeightRef } from '../../graph/weights.ts';
import { elementCount } from '../../numeric/tensor.ts';
import { readFloats } from '../safetensors/safetensors.ts';
import { encoderWeights } from './encoder-weights.ts';

/** Of the published hint encoders, for networks whose first level has `of` channels; narrower networks have narrower ones. */
const published = { of: 320, hint: [16, 32, 96, 256] };
/** Convolutions run in blocks of so many channels. */
const block = 8;

/** A ControlNet that is not trained yet. */
export interface NewControlNet {
  /** Its shapes. Weights of its own lie in no file: they can only be fed. */
  readonly part: NetworkPart<ControlNetConfig>;
  /**
   * What a weight begins as (Zhang et al., 2023): the base's own where it has it, zeros in the zero convolutions and where the hint encoder ends, in the other layers
   * of that what torch begins with, numbers that are spread evenly over `uniform`, in [-1, 1), times 1 / sqrt(inputs).
   */
  readonly start: (name: string, uniform: (count: number) => Float32Array) => Promise<Float32Array>;
}

/** A ControlNet for a base model, as diffusers' from_unet makes it; `hint` are channels of its hint encoder in the place of the usual ones. */
export function newControlNet(
  { config, weights, weightsFolder }: NetworkPart<UNetConfig>,
  hint?: readonly number[],
): NewControlNet {
  const {
    outChannels: _out,
    upBlockTypes: _up,
    upTransformerLayers: _layers,
    guidanceWidth: _guidance,
    ...rest
  } = config;
  const width = config.blockChannels[0] as number;
  const narrowed = (channels: number): number => block * Math.ceil((channels * width) / published.of / block);
  const usual = width >= published.of ? published.hint : published.hint.map(narrowed);
  const control: ControlNetConfig = {
    ...rest,
    conditioningChannels: 3,
    hintChannels: hint ?? usual,
    globalPoolConditions: false,
    channelOrder: 'rgb',
  };
  const encoder = encoderWeights(weights);
  const own = new Map(
    [...zeroConvolutions(control), ...hintLayers(control)].flatMap(([layer, ...shape]) => weightsOfLayer(layer, shape)),
  );
  return {
    part: { config: control, weights: new Map([...encoder, ...own]), weightsFolder },
    start: async (name, uniform) => {
      const stored = encoder.get(name);
      if (stored !== undefined) return await readFloats(weightsFolder, stored);
      const layer = name.replace(/\.(?:weight|bias)$/, '');
      const count = elementCount(own.get(name)?.shape ?? []);
      if (isZero(layer)) return new Float32Array(count);
      const inputs = elementCount(own.get(`${layer}.weight`)?.shape.slice(1) ?? []);
      return uniform(count).map((value) => value / Math.sqrt(inputs));
    },
  };
}

type LayerShape = readonly [layer: string, outputs: number, inputs: number, kernel: number];

function isZero(layer: string): boolean {
  return /^controlnet_(?:down_blocks\.\d+|mid_block|cond_embedding\.conv_out)$/.test(layer);
}

function zeroConvolutions(config: ControlNetConfig): readonly LayerShape[] {
  const points = injectionPoints(config);
  return points.map(({ channels }, point): LayerShape => {
    const layer = point === points.length - 1 ? 'controlnet_mid_block' : `controlnet_down_blocks.${point}`;
    return [layer, channels, channels, 1];
  });
}

function hintLayers({ conditioningChannels, hintChannels, blockChannels }: ControlNetConfig): readonly LayerShape[] {
  const name = 'controlnet_cond_embedding';
  const blocks = hintChannels.slice(1).flatMap((next, index): readonly LayerShape[] => {
    const before = hintChannels[index] as number;
    return [
      [`${name}.blocks.${2 * index}`, before, before, 3],
      [`${name}.blocks.${2 * index + 1}`, next, before, 3],
    ];
  });
  return [
    [`${name}.conv_in`, hintChannels[0] as number, conditioningChannels, 3],
    ...blocks,
    [`${name}.conv_out`, blockChannels[0] as number, hintChannels.at(-1) as number, 3],
  ];
}

function weightsOfLayer(
  layer: string,
  [outputs = 0, inputs = 0, kernel = 0]: readonly number[],
): readonly (readonly [name: string, ref: WeightRef])[] {
  const nowhere = { file: '', dtype: 'F32', byteOffset: 0, byteLength: 0 } as const;
  return [
    [`${layer}.weight`, { ...nowhere, shape: [outputs, inputs, kernel, kernel] }],
    [`${layer}.bias`, { ...nowhere, shape: [outputs] }],
  ];
}
