import { resamplePlane, triangle } from '../../numeric/resample.ts';
import type { Tensor } from '../../numeric/tensor.ts';
import type { AnnotatorSource } from '../contract/condition.ts';
import { type Direction, readAnnotatorFile } from '../networks/annotator-file.ts';
import { runOnPicture, wrongNetwork } from '../networks/network-ports.ts';
import { preprocess, preprocessorOf } from '../networks/preprocessor.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';
import type { Size } from '../../numeric/size.ts';

/** NormalBAE's, as ControlNet feeds it. */
const defaults = { side: 512, multiple: 32, keepAspect: true, filter: triangle };

/** NormalBAE's: a surface that faces left is red, one that faces up green, one that faces the camera blue. */
const baeAxes = ['left', 'up', 'front'] as const;

/** Which of x, y and z a direction is, and whether it is its positive end; x > 0 is left, y > 0 up, z > 0 front. */
const ends: Readonly<Record<Direction, readonly [axis: number, sign: 1 | -1]>> = {
  left: [0, 1],
  right: [0, -1],
  up: [1, 1],
  down: [1, -1],
  front: [2, 1],
  back: [2, -1],
};

/**
 * Surface normals of every pixel by a pulled network such as NormalBAE (Bae et al., 2021): one picture in; out, among others,
 * an output [1, 3 or more, height, width], whose first three channels are a direction each. What they stand for is said in
 * annotator.json (`output.axes`, `output.range`).
 *
 * @returns x, y and z per pixel, of length 1, as `surfaceNormals` gives them.
 */
export async function pulledNormals(image: RgbImage, id: string, networks: AnnotatorSource): Promise<Float32Array> {
  const network = await networks.annotator(id);
  const { axes = baeAxes, range = [-1, 1] } = readAnnotatorFile(network, id).output;
  if (new Set(axes.map((direction) => ends[direction][0])).size < 3) {
    throw wrongNetwork(
      id,
      `a network whose axes are three different ones but its annotator.json says ${axes.join(', ')}`,
    );
  }
  const outputs = await runOnPicture(network, preprocess(image, preprocessorOf(network, id, defaults)), id);
  const normals = outputs.find(({ dims }) => dims.length === 4 && dims[0] === 1 && dims[1]! >= 3);
  if (normals === undefined) {
    const found = outputs.map(({ dims }) => `[${dims.join(', ')}]`).join(', ');
    throw wrongNetwork(id, `a network that sees surfaces, with an output [1, 3, height, width], but it has ${found}`);
  }
  return unitNormals(normals, axes, range, image);
}

function unitNormals(
  { dims, data }: Tensor,
  axes: readonly Direction[],
  [low, high]: readonly [number, number],
  size: Size,
): Float32Array {
  const [, , height = 0, width = 0] = dims;
  const normals = new Float32Array(size.width * size.height * 3);
  for (const [channel, direction] of axes.entries()) {
    const [axis, sign] = ends[direction];
    const plane = data.subarray(channel * width * height, (channel + 1) * width * height);
    const sized = resamplePlane(plane, { width, height }, size);
    for (let i = 0; i < sized.length; i++) normals[3 * i + axis] = sign * ((2 * (sized[i]! - low)) / (high - low) - 1);
  }
  return normalize(normals);
}

/** Each to length 1; to the front where there is no direction. Changes its argument. */
function normalize(normals: Float32Array): Float32Array {
  for (let i = 0; i < normals.length; i += 3) {
    const length = Math.hypot(normals[i]!, normals[i + 1]!, normals[i + 2]!);
    if (length > 0) for (let axis = 0; axis < 3; axis++) normals[i + axis]! /= length;
    else normals[i + 2] = 1;
  }
  return normals;
}
