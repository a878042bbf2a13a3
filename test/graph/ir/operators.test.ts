import { describe, expect, test } from 'vitest';
import { Graph } from '../../../src/graph/builder/graph.ts';
import type { Value } from '../../../src/graph/ir/node.ts';
import { shapeText } from '../../../src/graph/ir/size.ts';

type Dims = readonly (number | string)[];

function graphOf(shapes: readonly Dims[]): { readonly graph: Graph; readonly values: readonly Value[] } {
  const graph = new Graph('test', { config: null, weights: new Map(), weightsFolder: '' });
  return { graph, values: shapes.map((dims, index) => graph.input(`input.${index}`, 'float32', dims)) };
}

const picture: Dims = ['rows', 8, 'height', 'width'];
const sequences: Dims = ['rows', 'tokens', 8];
const thrice = { kernel: 3, padding: [1, 1, 1, 1] } as const;

describe('operators', () => {
  test.each<readonly [string, readonly Dims[], (graph: Graph, inputs: readonly Value[]) => Value, string]>([
    ['Add', [picture, ['rows', 8, 1, 1]], (g, x) => g.op('Add', x), '[rows, 8, height, width]'],
    ['Add', [[8], sequences], (g, x) => g.op('Add', x), '[rows, tokens, 8]'],
    ['AddTo', [picture, ['other', 'other', 'other', 'other']], (g, x) => g.op('AddTo', x), '[rows, 8, height, width]'],
    [
      'Convolution',
      [picture, [4, 8, 3, 3], [4]],
      (g, x) => g.op('Convolution', x, { ...thrice, stride: 1 }),
      '[rows, 4, height, width]',
    ],
    [
      'Convolution',
      [picture, [4, 8, 3, 3], [4]],
      (g, x) => g.op('Convolution', x, { ...thrice, stride: 2 }),
      '[rows, 4, ceil(height/2), ceil(width/2)]',
    ],
    [
      'Convolution',
      [picture, [4, 8, 3, 3], [4]],
      (g, x) => g.op('Convolution', x, { kernel: 3, padding: [0, 0, 1, 1], stride: 2 }),
      '[rows, 4, floor(height/2), floor(width/2)]',
    ],
    [
      'Convolution',
      [[2, 8, 9, 12], [4, 8, 3, 3], [4]],
      (g, x) => g.op('Convolution', x, { ...thrice, stride: 2 }),
      '[2, 4, 5, 6]',
    ],
    ['Linear', [sequences, [4, 8]], (g, x) => g.op('Linear', x), '[rows, tokens, 4]'],
    ['Linear', [['rows', 8], [4, 8], [4]], (g, x) => g.op('Linear', x), '[rows, 4]'],
    ['ScaleChannels', [sequences, ['rows', 8]], (g, x) => g.op('ScaleChannels', x), '[rows, tokens, 8]'],
    ['ScaleChannels', [picture, ['rows', 8]], (g, x) => g.op('ScaleChannels', x), '[rows, 8, height, width]'],
    [
      'AddProduct',
      [sequences, ['rows', 'tokens', 'rank'], ['rank', 8]],
      (g, x) => g.op('AddProduct', x),
      '[rows, tokens, 8]',
    ],
    [
      'AddProduct',
      [picture, ['rows', 3, 'height', 'width'], [3, 8]],
      (g, x) => g.op('AddProduct', x),
      '[rows, 8, height, width]',
    ],
    [
      'Attention',
      [sequences, ['rows', 77, 8], ['rows', 77, 8]],
      (g, x) => g.op('Attention', x, { heads: 2 }),
      '[rows, tokens, 8]',
    ],
    ['ImageToTokens', [picture], (g, x) => g.op('ImageToTokens', x), '[rows, height*width, 8]'],
    ['DoubleSize', [picture], (g, x) => g.op('DoubleSize', x), '[rows, 8, 2*height, 2*width]'],
    ['ResizeTo', [picture, ['rows', 3, 'h', 5]], (g, x) => g.op('ResizeTo', x), '[rows, 8, h, 5]'],
    ['Replace', [sequences, sequences, ['rows', 'tokens']], (g, x) => g.op('Replace', x), '[rows, tokens, 8]'],
    ['ConcatChannels', [picture, picture], (g, x) => g.op('ConcatChannels', x), '[rows, 16, height, width]'],
  ])('%s of %j', (_, shapes, apply, expected) => {
    const { graph, values } = graphOf(shapes);
    expect(shapeText(apply(graph, values).shape)).toBe(expected);
  });

  test.each<readonly [string, readonly Dims[], (graph: Graph, inputs: readonly Value[]) => unknown, RegExp]>([
    [
      'a weight of another width',
      [sequences, [4, 7]],
      (g, x) => g.op('Linear', x),
      /Linear: .*weight.*\[4, 8\].*\[4, 7\]/,
    ],
    ['a bias of another length', [sequences, [4, 8], [8]], (g, x) => g.op('Linear', x), /Linear: .*bias.*\[4\].*\[8\]/],
    [
      'a kernel for other channels',
      [picture, [4, 6, 3, 3], [4]],
      (g, x) => g.op('Convolution', x, { ...thrice, stride: 1 }),
      /Convolution: .*kernel.*\[4, 8, 3, 3\].*\[4, 6, 3, 3\]/,
    ],
    [
      'a convolution whose size has no expression',
      [picture, [4, 8, 3, 3], [4]],
      (g, x) => g.op('Convolution', x, { kernel: 3, padding: [0, 0, 0, 0], stride: 1 }),
      /Convolution: Expected a padding that keeps or divides the size height but it is 0/,
    ],
    [
      'heads that do not divide the width',
      [sequences, sequences, sequences],
      (g, x) => g.op('Attention', x, { heads: 3 }),
      /Attention: .*3 equal heads.*8/,
    ],
    [
      'keys of another width',
      [sequences, ['rows', 77, 4], ['rows', 77, 4]],
      (g, x) => g.op('Attention', x, { heads: 2 }),
      /Attention: .*keys.*\[rows, 77, 8\].*\[rows, 77, 4\]/,
    ],
    [
      'values of another length',
      [sequences, ['rows', 77, 8], sequences],
      (g, x) => g.op('Attention', x, { heads: 2 }),
      /Attention: .*values.*\[rows, 77, 8\]/,
    ],
    [
      'groups that do not divide the channels',
      [picture, [8], [8]],
      (g, x) => g.op('GroupNorm', x, { groups: 3, epsilon: 1e-5 }),
      /GroupNorm: .*3 equal groups of 8/,
    ],
    ['a scale of another length', [sequences, [4], [8]], (g, x) => g.op('LayerNorm', x, { epsilon: 1 }), /LayerNorm: /],
    ['pictures of two sizes', [picture, ['rows', 8, 4, 4]], (g, x) => g.op('ConcatChannels', x), /ConcatChannels: /],
    ['shapes that do not broadcast', [picture, ['rows', 4, 1, 1]], (g, x) => g.op('Add', x), /Add: .*broadcast/],
    [
      'tokens of another picture',
      [sequences, picture],
      (g, x) => g.op('TokensToImage', x),
      /TokensToImage: .*height\*width/,
    ],
    ['a gate of another width', [sequences, ['rows', 'tokens', 4]], (g, x) => g.op('GEGLU', x), /GEGLU: .*gate/],
    ['parts that are not equal', [picture], (g, x) => g.several('SplitChannels', x, { count: 3 }), /SplitChannels: /],
    ['a scale for more than rows', [picture, ['rows', 8]], (g, x) => g.op('ScaleRows', x), /ScaleRows: .*\[rows, 1\]/],
    ['a shift for other channels', [picture, ['rows', 4]], (g, x) => g.op('ShiftChannels', x), /ShiftChannels: /],
    ['a picture where sequences belong', [sequences], (g, x) => g.op('ImageToTokens', x), /ImageToTokens: .*4 axes/],
    [
      'an output of another shape',
      [picture],
      (g, [x]) => g.output('out', x as Value, ['rows', 4, 'h', 'w']),
      /output out/,
    ],
  ])('refuse %s', (_, shapes, apply, message) => {
    const { graph, values } = graphOf(shapes);
    expect(() => apply(graph, values)).toThrow(message);
    expect(() => apply(graph, values)).toThrow(RangeError);
  });
});
