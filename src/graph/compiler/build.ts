import { compile, type OnnxModel } from './compile.ts';
import { controlNet } from '../networks/controlnet.ts';
import { imageEncoder } from '../networks/image-encoder.ts';
import { ipAdapter, type IpAdapterOptions } from '../networks/ip-adapter.ts';
import { hintEncoder } from '../networks/hint-encoder.ts';
import { taesdDecoder, taesdEncoder } from '../networks/taesd.ts';
import type {
  ControlNetConfig,
  ImageEncoderConfig,
  IpAdapterConfig,
  T2iAdapterConfig,
  TaesdConfig,
  TextEncoderConfig,
  UNetConfig,
  UpscalerConfig,
  VaeConfig,
} from '../configs.ts';
import { t2iAdapter } from '../networks/t2i-adapter.ts';
import { textEncoder, type TextEncoderOptions } from '../networks/text-encoder.ts';
import { unet, type UNetOptions } from '../networks/unet.ts';
import { upscaler } from '../networks/upscaler.ts';
import { vaeDecoder, vaeEncoder } from '../networks/vae.ts';
import type { NetworkOptions } from '../builder/graph.ts';
import type { NetworkPart } from '../weights.ts';

/** Networks as models that onnxruntime runs. Each throws `model_invalid` for the first weight that is missing or has another shape. */
export function buildUNet(part: NetworkPart<UNetConfig>, options: UNetOptions = {}): OnnxModel {
  return compile(unet(part, options));
}

export function buildT2iAdapter(part: NetworkPart<T2iAdapterConfig>, options: NetworkOptions = {}): OnnxModel {
  return compile(t2iAdapter(part, options));
}

export function buildImageEncoder(part: NetworkPart<ImageEncoderConfig>): OnnxModel {
  return compile(imageEncoder(part));
}

export function buildIpAdapter(part: NetworkPart<IpAdapterConfig>, options: IpAdapterOptions = {}): OnnxModel {
  return compile(ipAdapter(part, options));
}

export function buildControlNet(part: NetworkPart<ControlNetConfig>, options: NetworkOptions = {}): OnnxModel {
  return compile(controlNet(part, options));
}

export function buildHintEncoder(part: NetworkPart<ControlNetConfig>, options: NetworkOptions = {}): OnnxModel {
  return compile(hintEncoder(part, options));
}

export function buildTextEncoder(part: NetworkPart<TextEncoderConfig>, options: TextEncoderOptions = {}): OnnxModel {
  return compile(textEncoder(part, options));
}

export function buildVaeDecoder(part: NetworkPart<VaeConfig>, options: NetworkOptions = {}): OnnxModel {
  return compile(vaeDecoder(part, options));
}

export function buildVaeEncoder(part: NetworkPart<VaeConfig>, options: NetworkOptions = {}): OnnxModel {
  return compile(vaeEncoder(part, options));
}

export function buildTaesdDecoder(part: NetworkPart<TaesdConfig>, options: NetworkOptions = {}): OnnxModel {
  return compile(taesdDecoder(part, options));
}

export function buildTaesdEncoder(part: NetworkPart<TaesdConfig>, options: NetworkOptions = {}): OnnxModel {
  return compile(taesdEncoder(part, options));
}

export function buildUpscaler(part: NetworkPart<UpscalerConfig>): OnnxModel {
  return compile(upscaler(part));
}
