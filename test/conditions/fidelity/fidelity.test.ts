import { describe, expect, it } from 'vitest';
import type { ConditionMap, RgbImage } from '../../../src/conditions/condition.ts';
import { fidelityOf as measure, isMeasured, type RequestedMap } from '../../../src/conditions/fidelity/fidelity.ts';
import { measuringOptions } from '../../../src/conditions/fidelity/measuring-options.ts';
import { parseOptions } from '../../../src/conditions/options.ts';
import { conditionIds, findCondition } from '../../../src/conditions/registry.ts';

const width = 32;
const height = 32;

function picture(colourAt: (x: number, y: number) => readonly [number, number, number]): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(colourAt(x, y), (y * width + x) * 3);
  return { width, height, data };
}

const line = (at: number): RgbImage => picture((x) => (x === at ? [255, 255, 255] : [0, 0, 0]));
const made = (map: RgbImage, data?: Record<string, unknown>): ConditionMap => ({
  map,
  warnings: [],
  ...(data === undefined ? {} : { data }),
});

/** With the default options of a condition. */
function fidelityOf(condition: string, drawn: ConditionMap, requested: RequestedMap) {
  return measure(condition, drawn, requested, parseOptions(findCondition(condition)));
}

describe('fidelity', () => {
  it.each(['canny', 'softedge', 'scribble', 'lineart', 'mlsd'])('of %s is F1 at 2 pixels', (condition) => {
    expect(fidelityOf(condition, made(line(12)), { map: line(10) })).toEqual({
      metric: 'f1',
      value: 1,
      details: { precision: 1, recall: 1 },
      note: null,
    });
    expect(fidelityOf(condition, made(line(13)), { map: line(10) }).value).toBe(0);
  });

  it('of depth is the rank correlation, with the error beside it', () => {
    const slope = picture((x) => [x * 8, x * 8, x * 8]);
    const figures = fidelityOf('depth', made(slope), { map: slope });
    expect(figures.metric).toBe('rank_correlation');
    expect(figures.value).toBeCloseTo(1, 9);
    expect(figures.details['rmse']).toBeCloseTo(0, 6);
  });

  it('of seg compares the classes that the network sees, and no others', () => {
    const [person, sky] = [
      [150, 5, 61],
      [6, 230, 230],
    ] as const;
    const requested = picture((x) => (x < 16 ? person : sky));
    const drawn = picture((x) => (x < 16 ? person : [0, 0, 0]));
    expect(fidelityOf('seg', made(drawn), { map: requested })).toMatchObject({
      metric: 'mean_iou',
      value: 1,
      details: { classes: 1 },
    });
    const blind = fidelityOf('seg', made(drawn), { map: picture(() => sky) });
    expect(blind).toMatchObject({ value: null, note: expect.stringContaining('14 classes') });
    const pulled = measure('seg', made(drawn), { map: requested }, { from: 'photo', network: 'segformer-b0-ade' });
    expect(pulled).toMatchObject({ value: 0.5, details: { classes: 2, accuracy: 0.5 } });
  });

  it('of openpose compares keypoints, and says so where they are not known', () => {
    const points = Array.from({ length: 18 }, (_, i) => [i / 18, (i % 5) / 5, 1]).flat();
    const pose = { people: [{ pose_keypoints_2d: points }] };
    const drawn = made(line(3), pose);
    expect(fidelityOf('openpose', drawn, { map: line(3), data: pose })).toMatchObject({ metric: 'oks', value: 1 });
    expect(fidelityOf('openpose', drawn, { map: line(3) })).toMatchObject({
      value: null,
      note: expect.stringContaining('known as a picture only'),
    });
  });

  it('is none with a blank map, and of conditions without a measure', () => {
    expect(fidelityOf('canny', made(line(3)), { map: picture(() => [0, 0, 0]) }).note).toBe(
      'The requested map has no edges.',
    );
    expect(fidelityOf('blur', made(line(3)), { map: line(3) })).toEqual({
      metric: null,
      value: null,
      details: {},
      note: 'There is no measure for blur.',
    });
  });

  it('is full for a map with itself, wherever there is a measure', () => {
    const map = picture((x, y) => (x < 16 ? [150, 5, 61] : y < 16 ? [255, 255, 255] : [0, 0, 0]));
    const measured = conditionIds.filter((id) => isMeasured(id) && id !== 'openpose');
    expect(measured.length).toBeGreaterThan(7);
    for (const id of measured) expect(fidelityOf(id, made(map), { map }).value, id).toBeCloseTo(1, 9);
  });
});

describe('options for measuring', () => {
  it('are those of the map, or the defaults where the map was not made from a photograph', () => {
    const canny = findCondition('canny');
    const scribble = findCondition('scribble');
    const own = { low_threshold: 1, high_threshold: 2, l2_gradient: false };
    expect(measuringOptions(canny, own)).toBe(own);
    expect(measuringOptions(canny, false)).toMatchObject({ low_threshold: 100 });
    expect(measuringOptions(scribble, { from: 'drawing', ink_threshold: 3, lines: 'auto' })).toMatchObject({
      from: 'hed',
    });
    expect(measuringOptions(findCondition('seg'), { from: 'labels' })).toMatchObject({ from: 'photo' });
  });
});
