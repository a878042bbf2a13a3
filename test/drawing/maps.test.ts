import { readFileSync } from 'node:fs';
import sharp, { type CreateRaw } from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { edgeAgreement } from '../../src/conditions/fidelity/edge-agreement.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { embeddedAnnotators } from '../../src/config/package-files.ts';
import { ExtractorProcess } from '../../src/extractor/extractor-process.ts';
import type { MapSource, PhotoSource, PlannedControl } from '../../src/generation/planned-control.ts';
import { decodePicture } from '../../src/images/decode.ts';
import { encodePicture } from '../../src/images/encode.ts';
import { resizePhoto } from '../../src/images/resize.ts';
import type { ControlNetModel } from '../../src/generation/models/controlnet.ts';
import type { ControlWork, MadeMap } from '../../src/pipeline/controls/control-work.ts';
import { choiceWarnings, choosePictures, type EvaluationPlan } from '../../src/drawing/choose-pictures.ts';
import type { DrawnPicture } from '../../src/drawing/draw-passes.ts';
import { picturesOf } from '../../src/generation/pictures.ts';
import { makeMap } from '../../src/drawing/make-map.ts';
import { makeRegion } from '../../src/drawing/make-region.ts';
import type { Region } from '../../src/pixels/region.ts';
import { wholeFrame } from '../../src/pixels/frame.ts';

const entry = new URL('../../dist/extractor/main.js', import.meta.url);
const extractor = new ExtractorProcess({ entry, annotators: embeddedAnnotators });
afterAll(async () => await extractor.close());

const photo = readFileSync(new URL('../photos/coffee.png', import.meta.url));
const stored = (key: string) => ({ key, sha256: key });
const objects = new Map<string, Uint8Array>([['photo', photo]]);
const store = { get: async (key: string) => objects.get(key)! };
const size = { width: 256, height: 192 };
const { signal } = new AbortController();

const photoSource: PhotoSource = {
  kind: 'photo',
  image: stored('photo'),
  preprocess: { low_threshold: 100, high_threshold: 200, l2_gradient: false },
  resolution: null,
};
const mapSource = (image: string, madeWith: MapSource['madeWith'] = null): MapSource => {
  return { kind: 'map', image: stored(image), data: null, madeWith };
};

const canny: PlannedControl = {
  type: 'canny',
  model: { id: 'm', hash: 'h' },
  source: photoSource,
  resize: 'crop',
  scale: 1,
  start: 0,
  end: 1,
  mode: 'balanced',
};

function plan(count = 1): EvaluationPlan {
  return { evaluate: true, count };
}

/** Pictures as they come out of a drawing, so many for each output. */
function drawnOf(images: readonly RgbImage[], bestOf = images.length): readonly DrawnPicture[] {
  const planned = picturesOf({ seed: 0, count: images.length / bestOf, bestOf });
  return planned.map((picture, index) => ({ ...picture, image: images[index]! }));
}

/** A control of which everything is made. */
function work(control: PlannedControl, made: MadeMap, region: Region | null = null): ControlWork {
  return { index: 0, plan: control, model: controlNet, acts: 'residuals', inputs: { ...made, region } };
}

const controlNet: ControlNetModel = {
  kind: 'controlnet',
  id: 'm',
  title: 'm',
  licence: null,
  owner: null,
  hash: 'h',
  family: { name: 'other', contextWidth: 1, latentChannels: 1, blockChannels: [], layersPerBlock: 1 },
  path: '/nowhere',
  layout: 'diffusers',
  type: null,
  unionTypes: null,
  changes: null,
  bundledWith: null,
};

/** Left, top, right and bottom of what is not the colour of the upper left corner. */
function extentOf({ width, data }: RgbImage): readonly number[] {
  const [xs, ys]: [number[], number[]] = [[], []];
  for (let i = 0; i < data.length; i += 3) {
    if (data[i] === data[0] && data[i + 1] === data[1] && data[i + 2] === data[2]) continue;
    xs.push((i / 3) % width);
    ys.push(Math.floor(i / 3 / width));
  }
  const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));
  const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b));
  return [least(xs), least(ys), most(xs), most(ys)];
}

describe('maps of controls', () => {
  it('have the size of the generation, at whatever resolution the extractor sees the picture', async () => {
    const own = await makeMap({ store, extractor }, canny, wholeFrame(size), signal);
    const finer = await makeMap(
      { store, extractor },
      { ...canny, source: { ...photoSource, resolution: 512 } },
      wholeFrame(size),
      signal,
    );
    for (const { map } of [own, finer]) expect([map.width, map.height]).toEqual([256, 192]);
    expect(finer.map.data).not.toEqual(own.map.data);
    expect(new Set(finer.map.data)).toEqual(new Set([0, 255]));
    expect(edgeAgreement(finer.map, own.map, 2).recall).toBeGreaterThan(0.5);
  });

  it('at a resolution of the own size are the same', async () => {
    const own = await makeMap({ store, extractor }, canny, wholeFrame(size), signal);
    const same = await makeMap(
      { store, extractor },
      { ...canny, source: { ...photoSource, resolution: 192 } },
      wholeFrame(size),
      signal,
    );
    expect(same.map.data).toEqual(own.map.data);
  });

  it('are drawn from data, and say what they were drawn from', async () => {
    const pose = { people: [{ pose_keypoints_2d: Array.from({ length: 54 }, (_, i) => (i % 3 === 2 ? 1 : i / 60)) }] };
    objects.set('pose', new TextEncoder().encode(JSON.stringify(pose)));
    const control = {
      ...canny,
      type: 'openpose',
      source: { kind: 'structure', structure: 'pose', json: stored('pose') },
    } as const;
    const made = await makeMap({ store, extractor }, control, wholeFrame(size), signal);
    expect([made.map.width, made.map.height]).toEqual([256, 192]);
    expect(made.map.data.some((value) => value > 0)).toBe(true);
    expect(made).toMatchObject({ data: pose, remarks: [] });
  });

  /** Somebody who fills the middle of a canvas of 256 x 512. */
  const standing = [128, 100, 128, 150, 88, 150, 78, 210, 70, 260, 168, 150, 178, 210, 186, 260, 105, 290, 103, 360]
    .concat([101, 430, 151, 290, 153, 360, 155, 430, 118, 92, 138, 92, 108, 98, 148, 98])
    .flatMap((value, i) => (i % 2 === 0 ? [value] : [value, 1]));
  const canvas = { canvas_width: 256, canvas_height: 512 };
  const standingPose = { people: [{ pose_keypoints_2d: standing, hand_left_keypoints_2d: null }], ...canvas };
  const shares = standing.map((value, i) => (i % 3 === 2 ? 1 : value / (i % 3 === 0 ? 256 : 512)));
  const sharedPose = { people: [{ pose_keypoints_2d: shares }], ...canvas };
  const layout = {
    regions: [
      {
        class: 'person',
        polygon: [
          [0.25, 0.5],
          [0.75, 0.5],
          [0.75, 0.75],
          [0.25, 0.75],
        ],
      },
    ],
    background: 'sky',
    ...canvas,
  };

  it.each([
    ['pose', standingPose],
    ['pose', sharedPose],
    ['layout', layout],
  ] as const)('are drawn from a %s where a picture of its canvas would lie', async (structure, data) => {
    objects.set('data', new TextEncoder().encode(JSON.stringify(data)));
    const type = structure === 'pose' ? 'openpose' : 'seg';
    const control = { ...canny, type, source: { kind: 'structure', structure, json: stored('data') } } as const;
    const own = await makeMap({ store, extractor }, control, wholeFrame({ width: 256, height: 512 }), signal);
    objects.set('drawn', await encodePicture(own.map, { format: 'png', quality: 100 }));
    for (const resize of ['crop', 'fill', 'stretch'] as const) {
      for (const frame of [
        { width: 256, height: 256 },
        { width: 512, height: 256 },
        { width: 192, height: 320 },
      ]) {
        const drawn = await makeMap({ store, extractor }, { ...control, resize }, wholeFrame(frame), signal);
        const asPicture = { ...canny, type, source: mapSource('drawn'), resize };
        const resized = await makeMap({ store, extractor }, asPicture, wholeFrame(frame), signal);
        const [a, b] = [extentOf(drawn.map), extentOf(resized.map)];
        a.forEach((value, i) =>
          expect(Math.abs(value - b[i]!), `${resize} ${JSON.stringify([frame, a, b])}`).toBeLessThan(8),
        );
      }
    }
  });

  it('of a cropped pose say where its points are in the map', async () => {
    objects.set('data', new TextEncoder().encode(JSON.stringify(standingPose)));
    const control = {
      ...canny,
      type: 'openpose',
      source: { kind: 'structure', structure: 'pose', json: stored('data') },
    } as const;
    const made = await makeMap({ store, extractor }, control, wholeFrame({ width: 256, height: 256 }), signal);
    expect(made.data).toMatchObject({ canvas_width: 256, canvas_height: 256 });
    const people = made.data!['people'] as typeof standingPose.people;
    // Half of the height is cut off, a quarter above and below.
    expect(people[0]!.pose_keypoints_2d.slice(3, 6)).toEqual([128, 150 - 128, 1]);
  });
});

describe('the region of a control', () => {
  const size = { width: 64, height: 32 };
  const png = async (raw: CreateRaw, ...values: readonly number[]) =>
    await sharp(Uint8Array.from(values), { raw }).png().toBuffer();
  const regionOf = async (bytes: Uint8Array, resize: PlannedControl['resize'], of = size) => {
    objects.set('region', bytes);
    return (
      (await makeRegion(store, { type: 'canny', region: stored('region'), resize }, wholeFrame(of)))?.levels ?? null
    );
  };
  const row = { width: 4, height: 1 };

  it('is the brightness of its mask, and black where that is transparent', async () => {
    const grey = await png({ ...row, channels: 1 }, 0, 51, 204, 255);
    expect(await regionOf(grey, 'crop', row)).toEqual(Uint8Array.of(0, 51, 204, 255));
    const clear = await png({ ...row, channels: 4 }, ...[255, 128, 51, 0].flatMap((alpha) => [255, 255, 255, alpha]));
    expect(await regionOf(clear, 'crop', row)).toEqual(Uint8Array.of(255, 128, 51, 0));
    const colours = await png({ ...row, channels: 3 }, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0);
    expect(await regionOf(colours, 'crop', row)).toEqual(Uint8Array.of(76, 150, 29, 0));
  });

  it('has the size of the generation, brought there as the image is', async () => {
    // White on the left half of a square: all of the height where it is stretched, half of it cut away or bars beside it else.
    const half = await png({ width: 2, height: 2, channels: 1 }, 255, 0, 255, 0);
    const large = await sharp(half).resize(128, 128, { kernel: 'nearest' }).png().toBuffer();
    const row = async (resize: PlannedControl['resize']) => (await regionOf(large, resize))!.subarray(64 * 16, 64 * 17);
    expect((await regionOf(large, 'stretch'))!).toHaveLength(64 * 32);
    for (const resize of ['stretch', 'crop'] as const) {
      expect([...(await row(resize))].map((level) => level > 127)).toEqual(
        Array.from({ length: 64 }, (_, x) => x < 32),
      );
    }
    const filled = await row('fill');
    expect([...filled].map((level) => level > 127)).toEqual(Array.from({ length: 64 }, (_, x) => x >= 16 && x < 32));
    expect(new Set([...filled.subarray(0, 16), ...filled.subarray(48)])).toEqual(new Set([0]));
  });

  it.each(['stretch', 'crop'] as const)('of a white mask at any size is everywhere: %s', async (resize) => {
    for (const [width, height] of [
      [64, 32],
      [5, 3],
      [301, 77],
      [1, 1],
      [40, 900],
    ] as const) {
      const white = await sharp({ create: { width, height, channels: 3, background: 'white' } })
        .png()
        .toBuffer();
      expect(await regionOf(white, resize)).toBeNull();
    }
    expect(await makeRegion(store, { type: 'canny', resize }, wholeFrame(size))).toBeNull();
  });

  it('of a white mask that leaves bars is not', async () => {
    const white = await sharp({ create: { width: 32, height: 32, channels: 3, background: 'white' } })
      .png()
      .toBuffer();
    const region = (await regionOf(white, 'fill'))!;
    expect(region.reduce((sum, level) => sum + level, 0)).toBe(32 * 32 * 255);
  });
});

describe('choosing the best', () => {
  it('keeps the picture whose edges are those of the map, and lists all figures', async () => {
    const map = await makeMap({ store, extractor }, canny, wholeFrame(size), signal);
    const right = await resizePhoto(await decodePicture(photo), size, 'crop');
    const wrong = { ...right, data: right.data.toReversed() };
    const blank = { ...right, data: new Uint8Array(right.data.length) };
    const drawn = drawnOf([wrong, right, blank]);
    const [best] = await choosePictures(extractor, plan(), [work(canny, map)], drawn, signal);
    expect(best).toMatchObject({ seed: 1, fidelity: [{ control: 0, metric: 'f1', value: 1 }] });
    expect(best?.candidates?.map(({ seed }) => seed)).toEqual([0, 1, 2]);
    expect(best?.candidates?.map(({ score }) => score === 1)).toEqual([false, true, false]);
    expect(choiceWarnings([best!])).toEqual([]);
  });

  it('chooses among the candidates of each output', async () => {
    const map = await makeMap({ store, extractor }, canny, wholeFrame(size), signal);
    const right = await resizePhoto(await decodePicture(photo), size, 'crop');
    const wrong = { ...right, data: right.data.toReversed() };
    const drawn = drawnOf([wrong, right, right, wrong], 2);
    const best = await choosePictures(extractor, plan(2), [work(canny, map)], drawn, signal);
    expect(best.map(({ seed }) => seed)).toEqual([1, 2]);
  });

  it('keeps the first and says so where nothing can be compared', async () => {
    const image = await resizePhoto(await decodePicture(photo), size, 'crop');
    const map = { map: image, remarks: [] };
    const openpose = { ...canny, type: 'openpose', source: mapSource('photo') };
    const drawn = drawnOf([image, image]);
    const best = await choosePictures(extractor, plan(), [work(openpose, map)], drawn, signal);
    expect(best[0]).toMatchObject({
      seed: 0,
      fidelity: [{ value: null, note: expect.stringContaining('picture only') }],
    });
    expect(choiceWarnings(best)[0]).toContain('the first was kept');
  });

  it('measures a ready-made map as an earlier job made it, and says which networks looked', async () => {
    const photograph = await resizePhoto(await decodePicture(photo), size, 'crop');
    const preprocess = { network: 'fastdepth', far: 2, near: 98, gamma: 1, invert: true };
    const depth = { ...canny, type: 'depth', source: { ...photoSource, preprocess } };
    const map = await makeMap({ store, extractor }, depth, wholeFrame(size), signal);
    const value = async (madeWith: MapSource['madeWith']) => {
      const control = { ...depth, source: mapSource('photo', madeWith) };
      const drawn = drawnOf([photograph]);
      const [picture] = await choosePictures(extractor, plan(), [work(control, map)], drawn, signal);
      const [figure] = picture!.fidelity!;
      expect(figure).toMatchObject({ condition: 'depth', networks: ['fastdepth'] });
      return figure!.value;
    };
    expect(await value(preprocess)).toBeCloseTo(1, 9);
    expect(await value(null)).toBeLessThan(-0.9);
  });

  it('compares within the region of a control alone', async () => {
    const map = await makeMap({ store, extractor }, canny, wholeFrame(size), signal);
    const right = await resizePhoto(await decodePicture(photo), size, 'crop');
    const half = (x: number): boolean => x % size.width < size.width / 2;
    const rightHalf = { ...right, data: right.data.map((value, i) => (half(Math.floor(i / 3)) ? value : 0)) };
    const f1 = async (region: Region | null) => {
      const drawn = drawnOf([rightHalf]);
      const [picture] = await choosePictures(extractor, plan(), [work(canny, map, region)], drawn, signal);
      return picture!.fidelity![0]!;
    };
    const region = (level: (x: number) => number): Region => {
      return { ...size, levels: Uint8Array.from({ length: 256 * 192 }, (_, i) => level(i)) };
    };
    expect((await f1(null)).value).toBeLessThan(0.8);
    expect((await f1(region((x) => (half(x) ? 255 : 0)))).value).toBeGreaterThan(0.95);
    expect((await f1(region((x) => (half(x) ? 0 : 255)))).value).toBeLessThan(0.2);
    expect(await f1(region(() => 127))).toMatchObject({
      metric: null,
      value: null,
      note: expect.stringMatching(/half/),
    });
  });

  it('says which network has to be pulled where one is missing', async () => {
    const bare = new ExtractorProcess({ entry, annotators: '/nowhere' });
    const image = await decodePicture(await encodePicture(await decodePicture(photo), { format: 'png', quality: 100 }));
    const depth = { ...canny, type: 'depth', source: mapSource('photo') };
    const [only] = await choosePictures(
      bare,
      plan(),
      [work(depth, { map: image, remarks: [] })],
      drawnOf([image]),
      signal,
    );
    await bare.close();
    expect(only?.fidelity?.[0]).toMatchObject({ value: null, note: expect.stringContaining('armature models pull') });
  });
});
