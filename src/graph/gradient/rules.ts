import type { AttributesOf, OperatorName } from '../builder/operators.ts';
import type { GradientRule } from './rules/rule.ts';
import { gelu, quickGelu, silu } from './rules/activation.ts';
import { doubleSize, imageToTokens, inShape, resizeTo, tokensToImage } from './rules/arrangement.ts';
import {
  addProduct,
  averageChannels,
  concatChannels,
  reorderChannels,
  scaleChannels,
  scaleRows,
  shiftChannels,
  splitChannels,
} from './rules/channels.ts';
import { add, affine, multiply, subtract } from './rules/elementwise.ts';
import { groupNormKept, layerNormKept } from './rules/normalization.ts';
import { attention, convolution, linear } from './rules/products.ts';

/** The gradients of operators, for those through which one may flow. */
export const gradientRules: { readonly [Name in OperatorName]?: GradientRule<AttributesOf<Name>> } = {
  Add: add,
  AddProduct: addProduct,
  Affine: affine,
  Attention: attention,
  AverageChannels: averageChannels,
  ConcatChannels: concatChannels,
  Convolution: convolution,
  DoubleSize: doubleSize,
  Gelu: gelu,
  GroupNormKept: groupNormKept,
  ImageToTokens: imageToTokens,
  InShape: inShape,
  LayerNormKept: layerNormKept,
  Linear: linear,
  Multiply: multiply,
  QuickGelu: quickGelu,
  ReorderChannels: reorderChannels,
  ResizeTo: resizeTo,
  ScaleChannels: scaleChannels,
  ScaleRows: scaleRows,
  ShiftChannels: shiftChannels,
  Silu: silu,
  SplitChannels: splitChannels,
  Subtract: subtract,
  TokensToImage: tokensToImage,
};
