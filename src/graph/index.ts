export type {
  ControlNetConfig,
  DownBlockType,
  EncoderConfig,
  TextEncoderConfig,
  UNetConfig,
  UpBlockType,
  VaeConfig,
} from './configs.ts';
export { buildControlNet } from './networks/controlnet.ts';
export { buildHintEncoder } from './networks/hint-encoder.ts';
export { type InjectionPoint, injectionPoints } from './networks/injection-points.ts';
export { buildTextEncoder, type TextEncoderOptions } from './networks/text-encoder.ts';
export { buildUNet } from './networks/unet.ts';
export { buildVaeDecoder, buildVaeEncoder } from './networks/vae.ts';
export type { OnnxModel } from './onnx/graph-builder.ts';
export type { NetworkPart, WeightRef, Weights, WeightType } from './weights.ts';
