import { elementCount, type Tensor } from '../../numeric/tensor.ts';
import { ldmUNetNames } from '../key-maps/ldm-unet-names.ts';
import type { WrittenTensors } from '../safetensors/write-safetensors.ts';

/** Both factors of a layer as networks are fed with them: `down` [rank, ...inputs], `up` [rank, outputs]. */
export interface LayerFactors {
  readonly down: Tensor;
  readonly up: Tensor;
}

/** Factors beside layers of a UNet, by diffusers' names of these. */
export interface TrainedLora {
  readonly layers: ReadonlyMap<string, LayerFactors>;
  readonly alpha: number;
}

/** What kohya's trainer calls a layer of a UNet: SDXL's by the names of the original code, all others by diffusers'. `modules` are all layers of the UNet. */
export function kohyaNames(modules: ReadonlySet<string>, isSdxl: boolean): (layer: string) => string {
  const ldm = ldmUNetNames(modules);
  return (layer) => `lora_unet_${((isSdxl ? ldm(layer) : null) ?? layer).replaceAll('.', '_')}`;
}

/** The tensors of a file as kohya's trainer writes it, with the alpha of every layer. */
export function kohyaTensors({ layers, alpha }: TrainedLora, nameOf: (layer: string) => string): WrittenTensors {
  const written = new Map<string, Tensor>();
  for (const [layer, factors] of layers) {
    const name = nameOf(layer);
    written.set(`${name}.lora_down.weight`, factors.down);
    written.set(`${name}.lora_up.weight`, upOf(factors));
    written.set(`${name}.alpha`, { dims: [], data: Float32Array.of(alpha) });
  }
  return written;
}

/** The tensors of diffusers' pytorch_lora_weights.safetensors. Its readers that find no alpha take the rank for it: the second factors are multiplied by alpha / rank. */
export function diffusersTensors({ layers, alpha }: TrainedLora): WrittenTensors {
  const written = new Map<string, Tensor>();
  for (const [layer, factors] of layers) {
    const scale = alpha / (factors.down.dims[0] as number);
    const up = upOf(factors);
    written.set(`unet.${layer}.lora.down.weight`, factors.down);
    written.set(`unet.${layer}.lora.up.weight`, { dims: up.dims, data: up.data.map((value) => value * scale) });
  }
  return written;
}

/** [rank, outputs] as files have it, [outputs, rank], of a convolution [outputs, rank, 1, 1]. */
function upOf({ down, up }: LayerFactors): Tensor {
  const [rank = 0, outputs = 0] = up.dims;
  const data = new Float32Array(elementCount(up.dims));
  for (let output = 0; output < outputs; output++) {
    for (let place = 0; place < rank; place++)
      data[output * rank + place] = up.data[place * outputs + output] as number;
  }
  return { dims: [outputs, rank, ...down.dims.slice(2).map(() => 1)], data };
}
