import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import type { Point } from '../../../src/pixels/shapes/canvas.ts';
import { drawPeople } from '../../../src/conditions/openpose/draw-people.ts';
import type { Parts, Person, Points, PoseStyle } from '../../../src/conditions/openpose/people.ts';
import { decodePicture } from '../../../src/images/decode.ts';
import { goldenJson, goldenPath } from '../../support/golden.ts';

type GoldenPoints = readonly (readonly [number, number] | null)[] | null;
interface GoldenCase {
  readonly case: string;
  readonly H: number;
  readonly W: number;
  readonly people: readonly Readonly<Record<'body' | 'left_hand' | 'right_hand' | 'face', GoldenPoints>>[];
}

const { cases } = goldenJson<{ readonly cases: readonly GoldenCase[] }>('extractors', 'pose.json');

const drawings: readonly (readonly [string, PoseStyle, Parts])[] = [
  ['body', 'openpose', { body: true, hands: false, face: false }],
  ['all', 'openpose', { body: true, hands: true, face: true }],
  ['dwpose', 'dwpose', { body: true, hands: false, face: false }],
];

describe('drawPeople against controlnet_aux', () => {
  it('has references', () => expect(cases.length).toBeGreaterThan(0));

  it.each(cases.flatMap((golden) => drawings.map((drawing) => [golden.case, drawing[0], golden, drawing] as const)))(
    'pose_%s_%s, every pixel',
    async (name, kind, golden, [, style, parts]) => {
      const expected = await decodePicture(readFileSync(goldenPath('extractors', `pose_${name}_${kind}.png`)));
      const map = drawPeople(peopleOf(golden), golden.W, golden.H, style, parts);
      expect([map.width, map.height]).toEqual([expected.width, expected.height]);
      expect(map.data.reduce((count, value, i) => count + (value === expected.data[i] ? 0 : 1), 0)).toBe(0);
    },
  );
});

/** The references hold coordinates as shares of the width and the height. */
function peopleOf({ people, W, H }: GoldenCase): readonly Person[] {
  const place = (points: GoldenPoints): Points =>
    (points ?? []).map((point): Point | null => (point === null ? null : { x: point[0] * W, y: point[1] * H }));
  return people.map((person) => ({
    body: place(person.body),
    leftHand: place(person.left_hand),
    rightHand: place(person.right_hand),
    face: place(person.face),
  }));
}
