import { describe, expect, it } from 'vitest';
import type { ConditionMap, RequestedMap } from '../../../src/conditions/contract/condition.ts';
import { fidelityOf as measure, isMeasured, measuringOptions } from '../../../src/conditions/fidelity/fidelity.ts';
import { parseOptions } from '../../../src/conditions/contract/options.ts';
import { conditionRows, findCondition } from '../../../src/conditions/registry.ts';
import type { RgbImage } from '../../../src/pixels/rgb-image.ts';

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
async function fidelityOf(id: string, drawn: ConditionMap, requested: RequestedMap) {
  const condition = findCondition(id);
  return await measure(condition, drawn, requested, parseOptions(condition));
}

const measured = conditionRows.filter(isMeasured).map(({ id }) => id);

describe('fidelity', async () => {
  it.each(['canny', 'softedge', 'scribble', 'lineart', 'mlsd'])('of %s is F1 at 2 pixels', async (condition) => {
    expect(await fidelityOf(condition, made(line(12)), { map: line(10) })).toMatchObject({
      metric: 'f1',
      value: 1,
      details: { precision: 1, recall: 1 },
      note: null,
    });
    expect((await fidelityOf(condition, made(line(13)), { map: line(10) })).value).toBe(0);
  });

  it.each(['softedge', 'lineart'])('of %s sees levels of grey by their structural similarity', async (condition) => {
    const grey = picture((x) => (x === 10 ? [90, 90, 90] : x === 20 ? [255, 255, 255] : [0, 0, 0]));
    expect((await fidelityOf(condition, made(grey), { map: grey })).details['ssim']).toBeCloseTo(1, 9);
    const without = await fidelityOf(condition, made(line(20)), { map: grey });
    expect(without.value).toBe(1);
    expect(without.details['ssim']).toBeLessThan(0.95);
  });

  it('of edges is none where all are too faint to count', async () => {
    const faint = picture((x) => (x === 10 ? [90, 90, 90] : [0, 0, 0]));
    expect((await fidelityOf('lineart', made(faint), { map: faint })).note).toBe('The requested map has no edges.');
  });

  it.each(['tile', 'blur', 'inpaint', 'recolor', 'invert'])('of %s is the structural similarity', async (condition) => {
    const map = picture((x, y) => [x * 8, y * 8, 90]);
    expect(await fidelityOf(condition, made(map), { map })).toMatchObject({ metric: 'ssim', details: { rmse: 0 } });
    const mixed = { ...map, data: map.data.toReversed() };
    expect((await fidelityOf(condition, made(mixed), { map })).value).toBeLessThan(0.5);
  });

  it('of threshold is the share of black and of white areas that are met', async () => {
    const half = (at: number): RgbImage => picture((x) => (x < at ? [0, 0, 0] : [255, 255, 255]));
    expect(await fidelityOf('threshold', made(half(16)), { map: half(16) })).toMatchObject({
      metric: 'mean_iou',
      value: 1,
    });
    expect((await fidelityOf('threshold', made(half(24)), { map: half(16) })).value).toBeCloseTo(
      (16 / 24 + 8 / 16) / 2,
      9,
    );
  });

  it('of normal is the share of surfaces that face within 22.5 degrees of what was asked for', async () => {
    const map = picture((x) => (x < 8 ? [128, 128, 255] : [255, 128, 128]));
    const drawn = picture(() => [128, 128, 255]);
    expect(await fidelityOf('normal', made(drawn), { map })).toMatchObject({
      metric: 'within_22_5',
      value: 0.25,
      details: { within_11_25: 0.25, within_30: 0.25 },
    });
    expect((await fidelityOf('normal', made(map), { map })).details).toMatchObject({
      mean_degrees: 0,
      median_degrees: 0,
    });
  });

  it('of depth is the rank correlation, with the error beside it', async () => {
    const slope = picture((x) => [x * 8, x * 8, x * 8]);
    const figures = await fidelityOf('depth', made(slope), { map: slope });
    expect(figures.metric).toBe('rank_correlation');
    expect(figures.value).toBeCloseTo(1, 9);
    expect(figures.details['rmse']).toBeCloseTo(0, 6);
  });

  it('of seg compares the classes that the network sees, and no others', async () => {
    const [person, sky] = [
      [150, 5, 61],
      [6, 230, 230],
    ] as const;
    const requested = picture((x) => (x < 16 ? person : sky));
    const drawn = picture((x) => (x < 16 ? person : [0, 0, 0]));
    expect(await fidelityOf('seg', made(drawn), { map: requested })).toMatchObject({
      metric: 'mean_iou',
      value: 1,
      details: { classes: 1 },
    });
    const blind = await fidelityOf('seg', made(drawn), { map: picture(() => sky) });
    expect(blind).toMatchObject({ value: null, note: expect.stringContaining('14 classes') });
    const pulled = await measure(
      findCondition('seg'),
      made(drawn),
      { map: requested },
      { from: 'photo', network: 'segformer-b0-ade' },
    );
    expect(pulled).toMatchObject({ value: 0.5, details: { classes: 2, accuracy: 0.5 } });
  });

  it('of openpose compares keypoints, and says so where they are not known', async () => {
    const points = Array.from({ length: 18 }, (_, i) => [i / 18, (i % 5) / 5, 1]).flat();
    const pose = { people: [{ pose_keypoints_2d: points }] };
    const drawn = made(line(3), pose);
    expect(await fidelityOf('openpose', drawn, { map: line(3), data: pose })).toMatchObject({
      metric: 'oks',
      value: 1,
    });
    expect(await fidelityOf('openpose', drawn, { map: line(3) })).toMatchObject({
      value: null,
      note: expect.stringContaining('known as a picture only'),
    });
  });

  it('is none with a blank map, and of conditions without a measure', async () => {
    expect((await fidelityOf('canny', made(line(3)), { map: picture(() => [0, 0, 0]) })).note).toBe(
      'The requested map has no edges.',
    );
    const none = await fidelityOf('shuffle', made(line(3)), { map: line(3) });
    expect(none).toMatchObject({ metric: null, value: null, details: {} });
    expect(none.note).toContain('colours and textures');
  });

  it('is full for a map with itself, wherever there is a measure', async () => {
    const map = picture((x, y) => (x < 16 ? [150, 5, 61] : y < 16 ? [255, 255, 255] : [0, 0, 0]));
    expect(conditionRows.filter((row) => !isMeasured(row)).map(({ id }) => id)).toEqual(['shuffle']);
    for (const id of measured.filter((one) => one !== 'openpose'))
      expect((await fidelityOf(id, made(map), { map })).value, id).toBeCloseTo(1, 9);
  });

  it('of every condition leaves out what is masked in the requested map', async () => {
    const stripes = picture((x) => (Math.floor(x / 4) % 2 === 0 ? [255, 255, 255] : [0, 0, 0]));
    const masked = Uint8Array.from({ length: width * height }, (_, i) => (i % width < 16 ? 0 : 1));
    const halves = (levelAt: (y: number) => number): RgbImage =>
      picture((x, y) => {
        const at = (y * width + x) * 3;
        const level = x < 16 ? stripes.data[at]! : levelAt(y);
        return [level, level, level];
      });
    const [drawn, requested] = [halves(() => 200), halves((y) => (y < 16 ? 50 : 100))];
    const others = measured.filter((id) => id !== 'openpose' && id !== 'seg');
    expect(others.length).toBeGreaterThan(10);
    for (const id of others) {
      expect((await fidelityOf(id, made(drawn), { map: { ...requested, masked } })).value, id).toBeCloseTo(1, 9);
      expect((await fidelityOf(id, made(drawn), { map: requested })).value, id).toBeLessThan(0.999);
      const hidden = await fidelityOf(id, made(drawn), { map: { ...requested, masked: masked.map(() => 1) } });
      expect([hidden.value, typeof hidden.note], id).toEqual([null, 'string']);
    }
    const posed = await fidelityOf('openpose', made(stripes), { map: { ...stripes, masked } });
    expect(posed).toMatchObject({ metric: 'oks', value: null, note: expect.stringContaining('within a mask') });
  });
});

describe('options for measuring', async () => {
  it('are those of the map, or the defaults where they are not known or not for photographs', async () => {
    const canny = findCondition('canny');
    const scribble = findCondition('scribble');
    const own = { low_threshold: 1, high_threshold: 2, l2_gradient: false };
    expect(measuringOptions(canny, own)).toBe(own);
    expect(measuringOptions(canny, null)).toMatchObject({ low_threshold: 100 });
    expect(measuringOptions(scribble, { from: 'drawing', ink_threshold: 3, lines: 'auto' })).toMatchObject({
      from: 'hed',
    });
    expect(measuringOptions(findCondition('seg'), { from: 'labels' })).toMatchObject({ from: 'photo' });
  });
});
