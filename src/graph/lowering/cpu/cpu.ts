import type { OperatorName } from '../../builder/operators.ts';
import type { Lowering } from '../lowering.ts';
import { geglu, quickGelu, silu } from './activation.ts';
import {
  affine,
  imageToTokens,
  prependToken,
  resizeTo,
  scaleChannels,
  scaleRows,
  shiftChannels,
  tokensToImage,
} from './arrangement.ts';
import { embed, equals, replace, sinusoids } from './embedding.ts';
import { geluGradient, swishGradient } from './gradients/activation.ts';
import { attentionGradient } from './gradients/attention.ts';
import { convolutionInput, convolutionWeight } from './gradients/convolution.ts';
import { groupNormGradient, groupNormKept, layerNormGradient } from './gradients/normalization.ts';
import { outerProduct, sumVectors } from './gradients/products.ts';
import { groupNorm } from './normalization.ts';
import { addProduct, attention, linear } from './products.ts';
import { mergePlaces, mergeTokens } from './token-merging.ts';

/** What is fastest on onnxruntime's CPU provider (docs/decisions/0003-split-controlnet-real-size.md). */
export const cpu: Lowering = {
  AddProduct: addProduct,
  Affine: affine,
  Attention: attention,
  AttentionGradient: attentionGradient,
  ConvolutionInput: convolutionInput,
  ConvolutionWeight: convolutionWeight,
  Embed: embed,
  Equals: equals,
  GEGLU: geglu,
  GeluGradient: geluGradient,
  GroupNorm: groupNorm,
  GroupNormGradient: groupNormGradient,
  GroupNormKept: groupNormKept,
  ImageToTokens: imageToTokens,
  LayerNormGradient: layerNormGradient,
  Linear: linear,
  MergePlaces: mergePlaces,
  MergeTokens: mergeTokens,
  OuterProduct: outerProduct,
  PrependToken: prependToken,
  QuickGelu: quickGelu,
  Replace: replace,
  ResizeTo: resizeTo,
  ScaleChannels: scaleChannels,
  ScaleRows: scaleRows,
  ShiftChannels: shiftChannels,
  Silu: silu,
  Sinusoids: sinusoids,
  SumVectors: sumVectors,
  SwishGradient: swishGradient,
  TokensToImage: tokensToImage,
};

/** Those that are one product of matrices, or a sum of their rows. */
export const products: ReadonlySet<string> = new Set<OperatorName>([
  'Linear',
  'AddProduct',
  'Product',
  'OuterProduct',
  'SumVectors',
]);
