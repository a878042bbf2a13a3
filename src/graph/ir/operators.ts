import type { Operator } from './node.ts';
import { geglu, gelu, quickGelu, silu } from './operators/activation.ts';
import { attention } from './operators/attention.ts';
import {
  averageChannels,
  clamp,
  concatChannels,
  reorderChannels,
  scaleRows,
  shiftChannels,
  splitChannels,
} from './operators/channels.ts';
import { convolution } from './operators/convolution.ts';
import { add, addTo } from './operators/elementwise.ts';
import { linear } from './operators/linear.ts';
import { groupNorm, layerNorm } from './operators/normalization.ts';
import { doubleSize, resizeTo } from './operators/resampling.ts';
import { embed, equals, firstLargest, imageToTokens, pick, tokensToImage } from './operators/sequences.ts';
import { sinusoids } from './operators/sinusoids.ts';

/** The operators that layers write, by the names that a graph shows. */
export const operators = {
  Add: add,
  AddTo: addTo,
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
  ImageToTokens: imageToTokens,
  LayerNorm: layerNorm,
  Linear: linear,
  Pick: pick,
  QuickGelu: quickGelu,
  ReorderChannels: reorderChannels,
  ResizeTo: resizeTo,
  ScaleRows: scaleRows,
  ShiftChannels: shiftChannels,
  Silu: silu,
  Sinusoids: sinusoids,
  SplitChannels: splitChannels,
  TokensToImage: tokensToImage,
} as const;

export type OperatorName = keyof typeof operators;

export type AttributesOf<Name extends OperatorName> =
  (typeof operators)[Name] extends Operator<infer Attributes> ? Attributes : never;
