export {
  buildControlNet,
  buildHintEncoder,
  buildImageEncoder,
  buildIpAdapter,
  buildTaesdDecoder,
  buildTaesdEncoder,
  buildT2iAdapter,
  buildTextEncoder,
  buildUNet,
  buildUpscaler,
  buildVaeDecoder,
  buildVaeEncoder,
} from './build.ts';
export { compile, type OnnxModel } from './compile.ts';
export type {
  ControlNetConfig,
  DownBlockType,
  EncoderConfig,
  ImageEncoderConfig,
  IpAdapterConfig,
  TaesdConfig,
  T2iAdapterConfig,
  TextEncoderConfig,
  UNetConfig,
  UpBlockType,
  UpscalerConfig,
  VaeConfig,
} from '../configs.ts';
export { describeGraph, type GraphText } from '../builder/describe.ts';
export type { Graph, NetworkOptions } from '../builder/graph.ts';
export {
  type BranchSet,
  branchSetOf,
  branchSets,
  type BranchShape,
  branchShapes,
  isBranched,
} from '../networks/branch-sets.ts';
export { branchInputs } from '../layers/branch.ts';
export * as networks from '../networks/index.ts';
export { type CrossAttention, crossAttentions } from '../networks/cross-attentions.ts';
export { imagePromptInputs } from '../networks/image-prompts.ts';
export { type InjectionPoint, injectionPoints } from '../networks/injection-points.ts';
export { deepShares } from '../networks/deep-shares.ts';
export { deepFeatures, type DeepCut, type UNetOptions } from '../networks/unet.ts';
export { type FeaturePlace, featurePlaces } from '../networks/feature-places.ts';
export type { Tiling } from '../../numeric/wrap.ts';
export type { TextEncoderOptions } from '../networks/text-encoder.ts';
export type { NetworkPart, WeightRef, Weights, WeightType } from '../weights.ts';
