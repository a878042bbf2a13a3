import { expectRank, float32, sizeOf } from '../expect.ts';
import type { OnnxOperator, Operator, Value } from '../node.ts';
import { product, quotient } from '../size.ts';

/** How ONNX is told to repeat pixels. */
export const nearest = {
  mode: 'nearest',
  coordinate_transformation_mode: 'asymmetric',
  nearest_mode: 'floor',
} as const;

/** Twice the height and width of [rows, channels, h, w] by repetition. */
export const doubleSize: OnnxOperator = {
  infer: ([x]) => {
    expectRank('a picture', x, 4);
    const [rows, channels] = (x as Value).shape;
    const [height, width] = [2, 3].map((axis) => product(2, sizeOf(x as Value, axis)));
    return [float32([rows, channels, height, width].map((size) => size ?? 1))];
  },
  emit: (to, [x = '']) => to.op('Resize', [x, '', to.float([1, 1, 2, 2], [4])], nearest),
};

/** Half the height and width of [rows, channels, h, w], rounded up: means of two by two. */
export const halveSize: OnnxOperator = {
  infer: ([x]) => {
    expectRank('a picture', x, 4);
    const halves = [2, 3].map((axis) => quotient(sizeOf(x as Value, axis), 2, 'up'));
    return [float32([...(x as Value).shape.slice(0, 2), ...halves])];
  },
  emit: (to, inputs) =>
    to.op('AveragePool', inputs, {
      kernel_shape: { ints: [2, 2] },
      strides: { ints: [2, 2] },
      ceil_mode: { int: 1 },
    }),
};

/** [rows, channels, h, w] in the height and width of another picture, by nearest neighbour. */
export const resizeTo: Operator = {
  infer: ([x, like]) => {
    expectRank('a picture', x, 4);
    expectRank('a picture', like, 4);
    return [float32([...(x as Value).shape.slice(0, 2), ...(like as Value).shape.slice(2)])];
  },
};
