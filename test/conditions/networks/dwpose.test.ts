import { describe, expect, it } from 'vitest';
import { dwpose } from '../../../src/conditions/openpose/dwpose.ts';
import { cropOf, cropPerson, findPoints } from '../../../src/conditions/openpose/rtmpose.ts';
import { writeWholeBody } from '../../../src/conditions/openpose/whole-body.ts';
import { findPeopleBoxes, letterbox } from '../../../src/conditions/openpose/yolox.ts';
import { poseJson } from '../../../src/conditions/openpose/pose-json.ts';
import { differences } from '../../support/annotators.ts';
import { answering, networksFrom, photo, readGolden } from './reference.ts';

interface Person {
  readonly box: readonly [number, number, number, number];
  /** Every 16th pixel of every 16th row of the crop. */
  readonly crop: readonly number[];
  readonly points: readonly number[];
  readonly scores: readonly number[];
  /** With the neck, in DWPose's order of 134. */
  readonly ordered: readonly number[];
  readonly orderedScores: readonly number[];
}

interface Reference {
  readonly letterbox: { readonly ratio: number; readonly sample: readonly number[] };
  /** Index of a cell, its four values of the box, objectness and the score of a person. */
  readonly rows: readonly (readonly [number, ...number[]])[];
  readonly boxes: readonly { readonly box: Person['box']; readonly score: number }[];
  readonly people: readonly Person[];
}

const reference = readGolden<Reference>('dwpose.json');
const networks = networksFrom({
  'dwpose/yolox_l': { file: 'yolox.onnx' },
  'dwpose/dw-ll_ucoco_384': { file: 'rtmpose.onnx' },
});

const thresholds = { person: 0.3, body: 0.3, hand: 0.3, face: 0.3 };

const boxOf = ([left, top, right, bottom]: Person['box']) => ({ left, top, right, bottom });
const flat = (points: readonly { readonly x: number; readonly y: number }[]): number[] =>
  points.flatMap(({ x, y }) => [x, y]);

describe('the detector of people', () => {
  it('sees the picture as the reference does', () => {
    const { input, scale } = letterbox(photo);
    expect(scale).toBe(reference.letterbox.ratio);
    const sampled = input.data.filter((_, i) => i % 32 === 0 && Math.floor(i / 640) % 32 === 0);
    // OpenCV interpolates in 11 bits.
    expect(differences(sampled, reference.letterbox.sample).worst).toBeLessThanOrEqual(1);
  });

  it('reads the boxes of the reference from the same output, in its order, none twice', async () => {
    const rows = new Float32Array(8400 * 85);
    for (const [index, ...values] of reference.rows) rows.set(values, index * 85);
    const network = await answering({ output: { dims: [1, 8400, 85], data: rows } }).annotator('x');
    const found = await findPeopleBoxes(photo, network, 0.3);
    expect(found).toHaveLength(reference.boxes.length);
    expect(reference.rows.length).toBeGreaterThan(2 * found.length);
    const scores = reference.boxes.map(({ score }) => score);
    expect(
      differences(
        found.map(({ score }) => score),
        scores,
      ).worst,
    ).toBeLessThan(1e-5);
    const corners = found.flatMap(({ left, top, right, bottom }) => [left, top, right, bottom]);
    expect(
      differences(
        corners,
        reference.boxes.flatMap(({ box }) => box),
      ).worst,
    ).toBeLessThan(0.001);
  });

  it('finds what the reference finds, but for what a difference of 1 of 255 in the input decides', async () => {
    const found = await findPeopleBoxes(photo, await networks.annotator('dwpose/yolox_l'), 0.3);
    const isFound = ({ box: [left, top], score }: Reference['boxes'][number]): boolean =>
      found.some((one) => Math.hypot(one.left - left, one.top - top) < 0.5 && Math.abs(one.score - score) < 0.01);
    expect(reference.boxes.filter(isFound).length).toBeGreaterThanOrEqual(0.97 * reference.boxes.length);
    expect(Math.abs(found.length - reference.boxes.length)).toBeLessThanOrEqual(2);
  });

  it('finds fewer where more is asked of them', async () => {
    const network = await networks.annotator('dwpose/yolox_l');
    const all = await findPeopleBoxes(photo, network, 0.3);
    const certain = await findPeopleBoxes(photo, network, 0.6);
    expect(certain).toEqual(all.filter(({ score }) => score > 0.6));
    expect(await findPeopleBoxes(photo, network, 1)).toEqual([]);
  });
});

describe('the points of a person', () => {
  it.each(reference.people.map((person, i) => [i, person] as const))(
    'are those of the reference (%i)',
    async (_i, person) => {
      const crop = cropPerson(photo, cropOf(boxOf(person.box)));
      const sampled = crop.data.filter((_, i) => {
        const pixel = Math.floor(i / 3);
        return (pixel % 288) % 16 === 0 && Math.floor(pixel / 288) % 16 === 0;
      });
      expect(differences(sampled, person.crop).worst).toBeLessThanOrEqual(1);
      const points = await findPoints(photo, boxOf(person.box), await networks.annotator('dwpose/dw-ll_ucoco_384'));
      expect(
        differences(
          points.map(({ score }) => score),
          person.scores,
        ).worst,
      ).toBeLessThan(0.005);
      // The best place may be the one beside it where the crops differ by 1 of 255: half a pixel of the crop.
      const step = cropOf(boxOf(person.box)).step;
      const apart = differences(flat(points), person.points);
      expect(apart.worst).toBeLessThanOrEqual(2 * step);
      expect(apart.mean).toBeLessThan(0.1 * step);
    },
  );

  it('come in OpenPose’s order, the neck between the shoulders', () => {
    const [{ points, scores, ordered, orderedScores }] = reference.people as [Person];
    const scored = scores.map((score, i) => ({ x: points[2 * i]!, y: points[2 * i + 1]!, score }));
    const written = writeWholeBody(scored, thresholds);
    const place = (values: readonly number[], from: number, to: number): number[] =>
      Array.from({ length: to - from }, (_, i) => values.slice(2 * (from + i), 2 * (from + i) + 2)).flat();
    const places = (triples: readonly number[]): number[] => triples.filter((_, i) => i % 3 !== 2);
    expect(Math.min(...orderedScores)).toBeGreaterThan(0.3);
    expect(differences(places(written.pose_keypoints_2d!), place(ordered, 0, 18)).worst).toBeLessThan(0.002);
    expect(differences(places(written.face_keypoints_2d!).slice(0, 136), place(ordered, 24, 92)).worst).toBeLessThan(
      0.002,
    );
    expect(differences(places(written.hand_left_keypoints_2d!), place(ordered, 92, 113)).worst).toBeLessThan(0.002);
    expect(differences(places(written.hand_right_keypoints_2d!), place(ordered, 113, 134)).worst).toBeLessThan(0.002);
  });

  it('are absent where they score too little, and so is the neck without a shoulder', () => {
    const scored = Array.from({ length: 133 }, (_, i) => ({ x: i + 1, y: 1, score: i === 6 ? 0.29 : 0.9 }));
    const { pose_keypoints_2d: body } = writeWholeBody(scored, thresholds);
    expect(body!.slice(3, 9)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(body!.slice(0, 3)).toEqual([1, 1, 0.9]);
  });
});

describe('DWPose', () => {
  it('writes everyone as OpenPose does', async () => {
    const { pose, full } = await dwpose(photo, 'dwpose', networks, { ...thresholds, person: 0.7 });
    expect(poseJson.parse(pose)).toEqual(pose);
    expect(pose.people).toHaveLength(reference.boxes.filter(({ score }) => score > 0.7).length);
    expect([pose.canvas_width, pose.canvas_height, full]).toEqual([photo.width, photo.height, false]);
  });

  it('needs networks of its own kind', async () => {
    const swapped = networksFrom({
      'x/yolox_l': { file: 'segformer.onnx' },
      'x/dw-ll_ucoco_384': { file: 'yolox.onnx' },
    });
    await expect(findPeopleBoxes(photo, await networks.annotator('dwpose/dw-ll_ucoco_384'), 0.3)).rejects.toThrow();
    await expect(
      findPoints(photo, boxOf([0, 0, 10, 20]), await swapped.annotator('x/dw-ll_ucoco_384')),
    ).rejects.toThrow();
  });
});
