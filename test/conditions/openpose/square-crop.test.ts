import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { squareAroundHand } from '../../../src/conditions/openpose/find-hands.ts';
import { cropSquare, pointsInPicture, type Square } from '../../../src/conditions/openpose/square-crop.ts';
import { BundledAnnotators } from '../../../src/extractor/bundled-annotators.ts';
import { decodePicture } from '../../../src/images/decode.ts';
import { maxAbsDifference } from '../../support/golden.ts';
import { npyFloats } from '../../support/npy.ts';

const folder = 'test/annotators/golden';

/** The whole of a square picture, upright. */
const upright = (size: number): Square => ({ centre: { x: size / 2, y: size / 2 }, side: size, up: -Math.PI / 2 });

describe('cropSquare', () => {
  // crop_astronaut.png is what `warp` of the annotators' reference.py (NumPy) gives for this square of 48x48.
  it('turns, scales and fills with black as the reference', async () => {
    const image = await decodePicture(readFileSync('test/photos/astronaut.png'));
    const crop = cropSquare(image, { centre: { x: 200.3, y: 60.7 }, side: 150.5, up: -1.1 }, 48);
    const expected = await decodePicture(readFileSync(new URL('crop_astronaut.png', import.meta.url)));
    expect(crop.dims).toEqual([1, 48, 48, 3]);
    expect(
      maxAbsDifference(
        crop.data.map((value) => Math.round(value * 255)),
        expected.data,
      ),
    ).toBe(0);
  });

  it('is the picture itself where the square is, and points stay where they are', async () => {
    const image = await decodePicture(readFileSync(`${folder}/face_hopper.in.png`));
    const pixels = Float32Array.from(image.data, (value) => value / 255);
    expect(maxAbsDifference(cropSquare(image, upright(192), 192).data, pixels)).toBe(0);
    const [point] = pointsInPicture(Float32Array.of(30, 70, 5), upright(192), 192);
    expect(point!.x).toBeCloseTo(30, 9);
    expect(point!.y).toBeCloseTo(70, 9);
  });
});

describe('the landmark networks', () => {
  const networks = new BundledAnnotators('models/annotators');

  // The networks were compared with their original runtimes to 2.4e-4 px; between runtimes of ONNX less differs.
  it.each([
    ['hand_landmark', 'hand_astronaut'],
    ['hand_landmark', 'hand_hopper'],
    ['face_mesh', 'face_astronaut'],
    ['face_mesh', 'face_hopper'],
  ])('%s gives the landmarks of %s', async (id, name) => {
    const image = await decodePicture(readFileSync(`${folder}/${name}.in.png`));
    const network = await networks.annotator(id);
    const outputs = await network.run({ image: cropSquare(image, upright(image.width), image.width) });
    expect(maxAbsDifference(outputs['landmarks']!.data, npyFloats(`${folder}/${name}.landmarks.npy`))).toBeLessThan(
      1e-3,
    );
    expect(maxAbsDifference(outputs['presence']!.data, npyFloats(`${folder}/${name}.presence.npy`))).toBeLessThan(1e-5);
  });
});

describe('squareAroundHand', () => {
  // Numbers of `hand_refine` in the annotators' reference.py for the same points.
  it('follows the tracking rule of MediaPipe', () => {
    const points = pointsInPicture(npyFloats(`${folder}/hand_astronaut.landmarks.npy`), upright(224), 224);
    const { centre, side, up } = squareAroundHand(points);
    expect(centre.x).toBeCloseTo(111.87097824, 6);
    expect(centre.y).toBeCloseTo(120.39621797, 6);
    expect(side).toBeCloseTo(197.2866896850198, 6);
    expect(up).toBeCloseTo(-1.867377503002356, 8);
  });
});
