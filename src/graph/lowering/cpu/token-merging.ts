import type { EmittedName, Emitter } from '../../ir/emitter.ts';
import type { Emit } from '../../ir/node.ts';
import type { MergeAttributes } from '../../ir/operators/token-merging.ts';

/** Sizes and numbers are worked out by the graph itself: a network does for pictures of any size. */
export const mergePlaces: Emit<MergeAttributes> = (to, [tokens = '', picture = ''], { thousandths }) => {
  const one = to.int64([1]);
  const [height, width] = [2, 3].map((axis) => {
    return to.op('Shape', [picture], { start: { int: axis }, end: { int: axis + 1 } });
  }) as [EmittedName, EmittedName];
  const count = to.op('Mul', [height, width]);
  const { destinations, sources } = cells(to, height, width, count);
  const vectors = to.op('Div', [tokens, norm(to, tokens)]);
  const of = (which: EmittedName): EmittedName => to.op('Gather', [vectors, which], { axis: { int: 1 } });
  const across = to.op('Transpose', [of(destinations)], { perm: { ints: [0, 2, 1] } });
  const scores = to.op('MatMul', [of(sources), across]);
  const best = to.op('ReduceMax', [scores, to.int64([2])], { keepdims: { int: 0 } });
  const into = to.op('ArgMax', [scores], { axis: { int: 2 }, keepdims: { int: 0 } });

  const others = to.op('Shape', [sources]);
  const asked = to.op('Div', [to.op('Mul', [count, to.int64([thousandths])]), to.int64([1000])]);
  const merged = to.op('Min', [asked, others]);
  const left = to.op('Sub', [others, merged]);
  // The most alike first; of equals the one that comes first in the picture.
  const [, order = ''] = to.several('TopK', [best, others], { axis: { int: 1 } }, 2);
  const upTo = (size: EmittedName): EmittedName =>
    to.op('Range', [to.int64([0], []), to.op('Squeeze', [size]), to.int64([1], [])]);
  const shape = to.op('Shape', [order]);
  const rank = scattered(to, shape, order, to.op('Expand', [upTo(others), shape]), 1);
  const ofSources = to.op('Where', [
    to.op('Less', [rank, merged]),
    to.op('Add', [left, into]),
    to.op('Sub', [rank, merged]),
  ]);
  const rows = to.op('Shape', [tokens], { start: { int: 0 }, end: { int: 1 } });
  const ofDestinations = to.op('Expand', [
    to.op('Add', [left, upTo(to.op('Shape', [destinations]))]),
    to.op('Concat', [rows, one], { axis: { int: 0 } }),
  ]);
  const places = to.op('Concat', [ofSources, ofDestinations], { axis: { int: 1 } });
  const both = to.op('Concat', [sources, destinations], { axis: { int: 0 } });
  const where = scattered(to, count, both, upTo(count), 0);
  return to.op('Gather', [places, where], { axis: { int: 1 } });
};

/** Which tokens are the first of a whole square of 2x2, and which are not. */
function cells(to: Emitter, height: EmittedName, width: EmittedName, count: EmittedName) {
  const two = to.int64([2]);
  const index = to.op('Range', [to.int64([0], []), to.op('Squeeze', [count]), to.int64([1], [])]);
  const isFirst = (at: EmittedName, size: EmittedName): EmittedName => {
    const isEven = to.op('Equal', [to.op('Mod', [at, two]), to.int64([0])]);
    return to.op('And', [isEven, to.op('Less', [to.op('Add', [at, to.int64([1])]), size])]);
  };
  const first = to.op('And', [
    isFirst(to.op('Div', [index, width]), height),
    isFirst(to.op('Mod', [index, width]), width),
  ]);
  const listed = (flags: EmittedName): EmittedName => to.op('Squeeze', [to.op('NonZero', [flags]), to.int64([0])]);
  return { destinations: listed(first), sources: listed(to.op('Not', [first])) };
}

function norm(to: Emitter, tokens: EmittedName): EmittedName {
  return to.op('ReduceL2', [tokens, to.int64([-1])]);
}

/** int64 of a shape with `values` at `places` along an axis, each place once. */
function scattered(to: Emitter, shape: EmittedName, places: EmittedName, values: EmittedName, axis: number) {
  const zeros = to.op('Expand', [to.int64([0]), shape]);
  return to.op('ScatterElements', [zeros, places, values], { axis: { int: axis } });
}

export const mergeTokens: Emit<MergeAttributes> = (to, [x = '', places = '']) => {
  const length = to.op('Add', [to.op('Reshape', [to.op('ReduceMax', [places]), to.int64([1])]), to.int64([1])]);
  const rows = to.op('Shape', [x], { start: { int: 0 }, end: { int: 1 } });
  const at = to.op('Unsqueeze', [places, to.int64([-1])]);
  const sum = (values: EmittedName, width: EmittedName): EmittedName => {
    const shape = to.op('Concat', [rows, length, width], { axis: { int: 0 } });
    const where = to.op('Expand', [at, to.op('Shape', [values])]);
    return to.op('ScatterElements', [to.op('Expand', [to.float([0], [1]), shape]), where, values], {
      axis: { int: 1 },
      reduction: 'add',
    });
  };
  const ones = to.op('Expand', [to.float([1], [1]), to.op('Shape', [at])]);
  const width = to.op('Shape', [x], { start: { int: 2 }, end: { int: 3 } });
  return to.op('Div', [sum(x, width), sum(ones, to.int64([1]))]);
};
