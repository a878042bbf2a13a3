import type { Operator } from '../ir/node.ts';
import { geglu, gelu, leakyRelu, quickGelu, relu, silu, tanh } from '../ir/operators/activation.ts';
import { geluGradient, swishGradient } from '../ir/operators/activation-gradients.ts';
import { attentionGradient } from '../ir/operators/attention-gradient.ts';
import { attention } from '../ir/operators/attention.ts';
import {
  addProduct,
  averageChannels,
  clamp,
  concatChannels,
  reorderChannels,
  scaleChannels,
  scaleRows,
  shiftChannels,
  sliceChannels,
  splitChannels,
} from '../ir/operators/channels.ts';
import { convolutionInput, convolutionWeight } from '../ir/operators/convolution-gradients.ts';
import { convolution } from '../ir/operators/convolution.ts';
import { add, addTo, affine, multiply, subtract } from '../ir/operators/elementwise.ts';
import { linear, outerProduct, product } from '../ir/operators/linear.ts';
import {
  groupNormGradient,
  groupNormKept,
  layerNormGradient,
  layerNormKept,
} from '../ir/operators/normalization-gradients.ts';
import { groupNorm, layerNorm } from '../ir/operators/normalization.ts';
import { doubleSize, halveSize, resizeTo } from '../ir/operators/resampling.ts';
import {
  embed,
  equals,
  firstLargest,
  firstToken,
  imageToTokens,
  pick,
  prependToken,
  replace,
  scaleTokens,
  splitTokens,
  tokensToImage,
} from '../ir/operators/sequences.ts';
import { inShape, sumTo } from '../ir/operators/shapes.ts';
import { sinusoids } from '../ir/operators/sinusoids.ts';
import { sumPositions, sumVectors } from '../ir/operators/sums.ts';
import { mergePlaces, mergeTokens, unmergeTokens } from '../ir/operators/token-merging.ts';

/** The operators that layers write, by the names that a graph shows. */
export const operators = {
  Add: add,
  AddProduct: addProduct,
  AddTo: addTo,
  Affine: affine,
  Attention: attention,
  AttentionGradient: attentionGradient,
  AverageChannels: averageChannels,
  Clamp: clamp,
  ConcatChannels: concatChannels,
  Convolution: convolution,
  ConvolutionInput: convolutionInput,
  ConvolutionWeight: convolutionWeight,
  DoubleSize: doubleSize,
  Embed: embed,
  Equals: equals,
  FirstLargest: firstLargest,
  FirstToken: firstToken,
  GEGLU: geglu,
  Gelu: gelu,
  GeluGradient: geluGradient,
  GroupNorm: groupNorm,
  GroupNormGradient: groupNormGradient,
  GroupNormKept: groupNormKept,
  HalveSize: halveSize,
  ImageToTokens: imageToTokens,
  InShape: inShape,
  LayerNorm: layerNorm,
  LayerNormGradient: layerNormGradient,
  LayerNormKept: layerNormKept,
  LeakyRelu: leakyRelu,
  Linear: linear,
  MergePlaces: mergePlaces,
  MergeTokens: mergeTokens,
  Multiply: multiply,
  OuterProduct: outerProduct,
  Pick: pick,
  PrependToken: prependToken,
  Product: product,
  QuickGelu: quickGelu,
  Relu: relu,
  ReorderChannels: reorderChannels,
  Replace: replace,
  ResizeTo: resizeTo,
  ScaleChannels: scaleChannels,
  ScaleRows: scaleRows,
  ScaleTokens: scaleTokens,
  ShiftChannels: shiftChannels,
  Silu: silu,
  Sinusoids: sinusoids,
  SliceChannels: sliceChannels,
  SplitChannels: splitChannels,
  SplitTokens: splitTokens,
  Subtract: subtract,
  SumPositions: sumPositions,
  SumTo: sumTo,
  SumVectors: sumVectors,
  SwishGradient: swishGradient,
  Tanh: tanh,
  TokensToImage: tokensToImage,
  UnmergeTokens: unmergeTokens,
} as const;

export type OperatorName = keyof typeof operators;

export type AttributesOf<Name extends OperatorName> =
  (typeof operators)[Name] extends Operator<infer Attributes> ? Attributes : never;
