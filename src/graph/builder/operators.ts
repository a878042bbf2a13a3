import type { Operator } from '../ir/node.ts';
import { geglu, gelu, leakyRelu, quickGelu, relu, silu, tanh } from '../ir/operators/activation.ts';
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
  splitChannels,
} from '../ir/operators/channels.ts';
import { convolution } from '../ir/operators/convolution.ts';
import { add, addTo, affine } from '../ir/operators/elementwise.ts';
import { linear } from '../ir/operators/linear.ts';
import { groupNorm, layerNorm } from '../ir/operators/normalization.ts';
import { doubleSize, halveSize, resizeTo } from '../ir/operators/resampling.ts';
import { embed, equals, firstLargest, imageToTokens, pick, replace, tokensToImage } from '../ir/operators/sequences.ts';
import { sinusoids } from '../ir/operators/sinusoids.ts';

/** The operators that layers write, by the names that a graph shows. */
export const operators = {
  Add: add,
  AddProduct: addProduct,
  AddTo: addTo,
  Affine: affine,
  Attention: attention,
  AverageChannels: averageChannels,
  Clamp: clamp,
  ConcatChannels: concatChannels,
  Convolution: convolution,
  DoubleSize: doubleSize,
  Embed: embed,
  Equals: equals,
  FirstLargest: firstLargest,
  GEGLU: geglu,
  Gelu: gelu,
  GroupNorm: groupNorm,
  HalveSize: halveSize,
  ImageToTokens: imageToTokens,
  LayerNorm: layerNorm,
  LeakyRelu: leakyRelu,
  Linear: linear,
  Pick: pick,
  QuickGelu: quickGelu,
  Relu: relu,
  ReorderChannels: reorderChannels,
  Replace: replace,
  ResizeTo: resizeTo,
  ScaleChannels: scaleChannels,
  ScaleRows: scaleRows,
  ShiftChannels: shiftChannels,
  Silu: silu,
  Sinusoids: sinusoids,
  SplitChannels: splitChannels,
  Tanh: tanh,
  TokensToImage: tokensToImage,
} as const;

export type OperatorName = keyof typeof operators;

export type AttributesOf<Name extends OperatorName> =
  (typeof operators)[Name] extends Operator<infer Attributes> ? Attributes : never;
