import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { findPeople } from '../../../src/conditions/openpose/find-people.ts';
import { openpose } from '../../../src/conditions/openpose/openpose.ts';
import { openposeOptions } from '../../../src/conditions/openpose/options.ts';
import { parsePose } from '../../../src/conditions/openpose/read-pose.ts';
import { renderPose } from '../../../src/conditions/openpose/render-pose.ts';
import { toOpenPose } from '../../../src/conditions/openpose/write-pose.ts';
import { BundledAnnotators } from '../../../src/extractor/bundled-annotators.ts';
import { decodePicture } from '../../../src/images/decode.ts';

const networks = new BundledAnnotators('models/annotators');
const golden = (file: string): Buffer => readFileSync(`test/annotators/golden/${file}`);

type Triple = readonly [number, number, number];
interface GoldenPeople {
  readonly source: string;
  readonly people: readonly {
    readonly score: number;
    readonly keypoints: readonly Triple[];
    readonly openpose18: readonly (Triple | null)[];
  }[];
}

describe.each(['astronaut', 'two_people'])('people of %s', async (name) => {
  const { source, people } = JSON.parse(golden(`pose_${name}.people.json`).toString()) as GoldenPeople;
  const image = await decodePicture(golden(source));

  // The reference is rounded to 3 decimals (the score to 4).
  it('are where the reference finds them, in its order', async () => {
    const { people: found, full } = await findPeople(image, 0.3, networks);
    expect(full).toBe(false);
    expect(found.length).toBe(people.length);
    found.forEach((person, i) => {
      expect(Math.abs(person.score - people[i]!.score)).toBeLessThan(1e-3);
      expectNear(
        person.keypoints.map(({ x, y, score }) => [x, y, score]),
        people[i]!.keypoints,
      );
      const points = toOpenPose(person.keypoints, 0.2);
      expectNear(
        points.map((point) => point && [point.x, point.y, point.score]),
        people[i]!.openpose18,
      );
    });
  });

  it('come as OpenPose JSON that draws the same map', async () => {
    const options = openposeOptions.parse({ hands: true, face: true });
    const { map, data, warnings } = await openpose.extract(image, options, networks);
    const pose = parsePose(structuredClone(data));
    expect(pose.people.length).toBe(people.length);
    expect(Buffer.compare(renderPose(pose, image.width, image.height).data, map.data)).toBe(0);
    expect(map.data.some((value) => value > 0)).toBe(true);
    expect(warnings.filter((text) => !text.includes('hand'))).toEqual([]);
  });
});

function expectNear(actual: readonly (readonly number[] | null)[], expected: readonly (Triple | null)[]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((point, i) => {
    expect(point === null).toBe(expected[i] === null);
    point?.forEach((value, axis) => expect(Math.abs(value - expected[i]![axis]!)).toBeLessThan(1e-3));
  });
}

describe('openpose on any picture', () => {
  const options = openposeOptions.parse({});
  const grey = (width: number, height: number) => ({
    width,
    height,
    data: new Uint8Array(width * height * 3).fill(128),
  });

  it.each([
    [1, 1],
    [1, 4000],
    [64, 48],
  ])('finds nobody in plain grey of %ix%i, and says so', async (width, height) => {
    const { map, warnings, blank, data } = await openpose.extract(grey(width, height), options, networks);
    expect([map.width, map.height]).toEqual([width, height]);
    expect(map.data.every((value) => value === 0)).toBe(true);
    expect(blank).toMatch(/nobody was found/);
    expect(warnings).toEqual([blank]);
    expect(data).toEqual({ people: [], canvas_width: width, canvas_height: height });
  });

  it('says that it saw nobody well enough where thresholds are too high', async () => {
    const image = await decodePicture(golden('pose_astronaut.src.png'));
    const strict = openposeOptions.parse({ keypoint_threshold: 1, hands: true, face: true });
    const { map, warnings } = await openpose.extract(image, strict, networks);
    expect(map.data.every((value) => value === 0)).toBe(true);
    expect(warnings.length).toBeGreaterThan(0);
  });

  it('has to draw something', () => {
    const nothing = openposeOptions.safeParse({ body: false });
    expect(nothing.success).toBe(false);
  });

  it('draws the face alone where the body is not wanted', async () => {
    const image = await decodePicture(golden('pose_astronaut.src.png'));
    const { map } = await openpose.extract(image, openposeOptions.parse({ body: false, face: true }), networks);
    const colours = new Set(map.data);
    expect([...colours].toSorted((a, b) => a - b)).toEqual([0, 255]);
    // Within the head of the picture, which lies above the collar.
    expect(map.data.lastIndexOf(255)).toBeLessThan(200 * image.width * 3);
  });
});
