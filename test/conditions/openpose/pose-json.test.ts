import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parsePose, peopleOf } from '../../../src/conditions/openpose/read-pose.ts';
import { renderPose } from '../../../src/conditions/openpose/render-pose.ts';
import { ArmatureError } from '../../../src/errors.ts';

function refusal(json: unknown): ArmatureError {
  try {
    parsePose(json, 'controls[0].pose');
  } catch (error) {
    if (error instanceof ArmatureError) return error;
    throw error;
  }
  throw new Error('Expected a refusal');
}

/** Nose and neck of one person, the other 16 points absent. */
const upperBody = (nose: readonly number[], neck: readonly number[]): readonly number[] => [
  ...nose,
  ...neck,
  ...Array.from({ length: 48 }, () => 0),
];

const inPixels = {
  people: [{ pose_keypoints_2d: upperBody([100, 50, 0.9], [100, 80, 0.8]) }],
  canvas_width: 200,
  canvas_height: 100,
};

describe('poses as data', () => {
  it('are drawn at another size than they were made for', () => {
    const [person] = peopleOf(parsePose(inPixels), 400, 300);
    expect(person!.body.slice(0, 3)).toEqual([{ x: 200, y: 150 }, { x: 200, y: 240 }, null]);
    const map = renderPose(parsePose(inPixels), 400, 300);
    expect([...map.data.subarray((150 * 400 + 200) * 3, (150 * 400 + 200) * 3 + 3)]).toEqual([255, 0, 0]);
  });

  it('may be shares of the width and the height', () => {
    const shares = { people: [{ pose_keypoints_2d: upperBody([0.5, 0.5, 1], [0.5, 0.8, 1]) }] };
    const [a, b] = [renderPose(parsePose(shares), 400, 300), renderPose(parsePose(inPixels), 400, 300)];
    expect(Buffer.compare(a.data, b.data)).toBe(0);
  });

  it('in pixels need the size of their canvas', () => {
    const error = refusal({ people: inPixels.people });
    expect(error).toMatchObject({ code: 'invalid_request', field: 'controls[0].pose.canvas_width' });
  });

  it("may be OpenPose's own 25 points: the middle of the hips and the feet are left out", () => {
    const points = Array.from({ length: 25 }, (_, i) => [10 + i, 20, 1]).flat();
    const pose = {
      version: 1.3,
      people: [{ person_id: [-1], pose_keypoints_2d: points }],
      canvas_width: 64,
      canvas_height: 64,
    };
    const [person] = peopleOf(parsePose(pose), 64, 64);
    const columns = person!.body.map((point) => point!.x - 10);
    expect(columns).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]);
  });

  it('may have parts that are empty, null or missing', () => {
    const person = { ...inPixels.people[0], hand_left_keypoints_2d: [], hand_right_keypoints_2d: null };
    const [found] = peopleOf(parsePose({ ...inPixels, people: [person] }), 200, 100);
    expect([found!.leftHand, found!.rightHand, found!.face]).toEqual([[], [], []]);
  });

  it('may be a list of one frame, and stand beside a list of no animals', () => {
    expect(parsePose([inPixels])).toEqual(parsePose(inPixels));
    expect(parsePose({ ...inPixels, animals: [] }).people).toEqual(inPixels.people);
    expect(parsePose({ ...inPixels, animals: null }).people).toEqual(inPixels.people);
  });

  it('of nobody are a black map', () => {
    const map = renderPose(parsePose({ people: [] }), 8, 8);
    expect(map).toEqual({ width: 8, height: 8, data: new Uint8Array(192) });
  });

  it.each([
    [{ people: [{ pose_keypoints_2d: [1, 2, 3] }] }, /18 or 25 points/],
    [{ people: [{ hand_left_keypoints_2d: Array.from({ length: 62 }, () => 0) }] }, /21 points/],
    [{ people: [{ face_keypoints_2d: Array.from({ length: 66 }, () => 0) }] }, /68 or 70 points/],
    [{ people: Array.from({ length: 101 }, () => ({})) }, /people/],
    [
      { people: [{ pose_keypoints_2d: upperBody([100_001, 0, 1], [0, 0, 0]) }], canvas_width: 9, canvas_height: 9 },
      /100000/,
    ],
    [{ people: [{ pose_keypoints_2d: upperBody([Number.NaN, 0, 1], [0, 0, 0]) }] }, /pose_keypoints_2d/],
    [{ people: [{ pose: [] }] }, /pose/],
    [{ people: [], animals: [[1, 2, 1]] }, /animals are not drawn/],
    [[inPixels, inPixels], /list of 2 frames/],
    [{ people: [], canvas_width: 0 }, /canvas_width/],
    [[], /controls\[0\].pose/],
    [null, /controls\[0\].pose/],
  ])('are refused as %j', (json, message) => {
    const error = refusal(json);
    expect(error.code).toBe('invalid_request');
    expect(error.message).toMatch(message);
  });

  it('draw on any canvas, wherever their points lie', () => {
    const number = fc.oneof(
      fc.double({ min: -0.2, max: 1.2, noNaN: true }),
      fc.double({ min: -300, max: 300, noNaN: true }),
      fc.constantFrom(-100_000, 100_000, 0),
    );
    const part = (count: number) => fc.array(number, { minLength: count * 3, maxLength: count * 3 });
    const person = fc.record({
      pose_keypoints_2d: part(18),
      hand_left_keypoints_2d: part(21),
      hand_right_keypoints_2d: part(21),
      face_keypoints_2d: part(70),
    });
    const side = fc.constantFrom(1, 7, 64, 200);
    fc.assert(
      fc.property(fc.array(person, { maxLength: 2 }), side, side, (people, width, height) => {
        const pose = parsePose({ people, canvas_width: 100, canvas_height: 50 });
        const openpose = renderPose(pose, width, height);
        const dwpose = renderPose(pose, width, height, 'dwpose');
        return openpose.data.length === width * height * 3 && dwpose.data.length === width * height * 3;
      }),
      { numRuns: 40 },
    );
  });
});
