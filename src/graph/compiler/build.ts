import { compile, type OnnxModel } from './compile.ts';
import type { ControlNetConfig, TaesdConfig, TextEncoderConfig, UNetConfig, VaeConfig } from '../configs.ts';
import { controlNet } from '../networks/controlnet.ts';
import { hintEncoder } from '../networks/hint-encoder.ts';
import { taesdDecoder, taesdEncoder } from '../networks/taesd.ts';
import { textEncoder, type TextEncoderOptions } from '../networks/text-encoder.ts';
import { unet } from '../networks/unet.ts';
import { vaeDecoder, vaeEncoder } from '../networks/vae.ts';
import type { NetworkPart } from '../weights.ts';

/** Networks as models that onnxruntime runs. Each throws `model_invalid` for the first weight that is missing or has another shape. */
export function buildUNet(part: NetworkPart<UNetConfig>): OnnxModel {
  return compile(unet(part));
}

export function buildControlNet(part: NetworkPart<ControlNetConfig>): OnnxModel {
  return compile(controlNet(part));
}

export function buildHintEncoder(part: NetworkPart<ControlNetConfig>): OnnxModel {
  return compile(hintEncoder(part));
}

export function buildTextEncoder(part: NetworkPart<TextEncoderConfig>, options: TextEncoderOptions = {}): OnnxModel {
  return compile(textEncoder(part, options));
}

export function buildVaeDecoder(part: NetworkPart<VaeConfig>): OnnxModel {
  return compile(vaeDecoder(part));
}

export function buildVaeEncoder(part: NetworkPart<VaeConfig>): OnnxModel {
  return compile(vaeEncoder(part));
}

export function buildTaesdDecoder(part: NetworkPart<TaesdConfig>): OnnxModel {
  return compile(taesdDecoder(part));
}

export function buildTaesdEncoder(part: NetworkPart<TaesdConfig>): OnnxModel {
  return compile(taesdEncoder(part));
}
