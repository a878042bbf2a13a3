import type { OperatorName } from '../../builder/operators.ts';
import type { Lowering } from '../lowering.ts';
import { geglu, quickGelu, silu } from './activation.ts';
import {
  affine,
  imageToTokens,
  resizeTo,
  scaleChannels,
  scaleRows,
  shiftChannels,
  tokensToImage,
} from './arrangement.ts';
import { embed, equals, replace, sinusoids } from './embedding.ts';
import { groupNorm } from './normalization.ts';
import { addProduct, attention, linear } from './products.ts';

/** What is fastest on onnxruntime's CPU provider (docs/decisions/0003-split-controlnet-real-size.md). */
export const cpu: Lowering = {
  AddProduct: addProduct,
  Affine: affine,
  Attention: attention,
  Embed: embed,
  Equals: equals,
  GEGLU: geglu,
  GroupNorm: groupNorm,
  ImageToTokens: imageToTokens,
  Linear: linear,
  QuickGelu: quickGelu,
  Replace: replace,
  ResizeTo: resizeTo,
  ScaleChannels: scaleChannels,
  ScaleRows: scaleRows,
  ShiftChannels: shiftChannels,
  Silu: silu,
  Sinusoids: sinusoids,
  TokensToImage: tokensToImage,
};

/** Those that are one product of matrices. */
export const products: ReadonlySet<string> = new Set<OperatorName>(['Linear', 'AddProduct']);
