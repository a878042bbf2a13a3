import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { embeddedAnnotators } from '../../src/config/package-files.ts';
import { makeMap } from '../../src/drawing/make-map.ts';
import { makeRegion } from '../../src/drawing/make-region.ts';
import { ExtractorProcess } from '../../src/extractor/extractor-process.ts';
import type { ControlSource } from '../../src/generation/planned-control.ts';
import { decodePicture } from '../../src/images/decode.ts';
import { encodePicture } from '../../src/images/encode.ts';
import { resizeMap, resizePhoto } from '../../src/images/resize.ts';
import { cut, type Frame, wholeFrame } from '../../src/pixels/frame.ts';
import type { MaskedImage } from '../../src/pixels/rgb-image.ts';

const entry = new URL('../../dist/extractor/main.js', import.meta.url);
const extractor = new ExtractorProcess({ entry, annotators: embeddedAnnotators });
afterAll(async () => await extractor.close());

const photo = readFileSync(new URL('../photos/coffee.png', import.meta.url));
const stored = (key: string) => ({ key, sha256: key });
const objects = new Map<string, Uint8Array>([['photo', photo]]);
const store = { get: async (key: string) => objects.get(key)! };
const { signal } = new AbortController();

const source = { width: 256, height: 192 };
const box = { x: 96, y: 32, width: 128, height: 96 };
const inside: Frame = { source, box, working: { width: 128, height: 96 } };
const larger: Frame = { source, box, working: { width: 256, height: 192 } };

const preprocess = { low_threshold: 100, high_threshold: 200, l2_gradient: false };
const photoSource: ControlSource = { kind: 'photo', image: stored('photo'), preprocess, resolution: null };

const mapIn = async (from: ControlSource, frame: Frame, type = 'canny') =>
  await makeMap({ store, extractor }, { type, source: from, resize: 'crop' }, frame, signal);

describe('a control in a frame that is a part of its source', () => {
  it('is extracted from what the photograph shows there', async () => {
    const cropped = await resizePhoto(await decodePicture(photo), source, 'crop');
    const part = cut(cropped, box);
    objects.set('part', await encodePicture(part, { format: 'png', quality: 100 }));
    const ofPart: ControlSource = { ...photoSource, image: stored('part') };
    for (const frame of [inside, larger]) {
      const { map } = await mapIn(photoSource, frame);
      expect(map).toEqual((await mapIn(ofPart, wholeFrame(frame.working))).map);
      expect(map.data.some((value) => value > 0)).toBe(true);
    }
  });

  it('is seen there at the resolution that is asked for', async () => {
    const { map } = await mapIn({ ...photoSource, resolution: 192 }, inside);
    expect([map.width, map.height]).toEqual([128, 96]);
    const larger = await resizePhoto(await decodePicture(photo), { width: 512, height: 384 }, 'crop');
    const seen = cut(larger, { x: 192, y: 64, width: 256, height: 192 });
    const { map: edges } = await extractor.extract('canny', seen, preprocess, signal);
    expect(map).toEqual(await resizeMap(edges, inside.working, 'stretch'));
  });

  it('has the part of a ready-made map, and of its region', async () => {
    const { map: whole } = await mapIn(photoSource, wholeFrame(source));
    objects.set('map', await encodePicture(whole, { format: 'png', quality: 100 }));
    const made = await mapIn({ kind: 'map', image: stored('map'), data: null, madeWith: null }, inside);
    expect(made.map.data).toEqual(cut(whole, box).data);
    const regionIn = async (frame: Frame) =>
      await makeRegion(store, { type: 'canny', region: stored('map'), resize: 'crop' }, frame);
    const { levels } = (await regionIn(wholeFrame(source)))!;
    const asPicture: MaskedImage = { ...source, data: new Uint8Array(levels.length * 3), masked: levels };
    expect(await regionIn(inside)).toEqual({ ...inside.working, levels: cut(asPicture, box).masked });
  });

  it('does not act where a picture is drawn on, but where that is what it is about', async () => {
    const beyond = { source, box: { ...box, x: -64 }, working: { width: box.width, height: box.height } };
    const regionFor = async (type: string) => await makeRegion(store, { type, resize: 'crop' }, beyond);
    const { levels } = (await regionFor('canny'))!;
    expect([...levels.subarray(62, 66)]).toEqual([0, 0, 255, 255]);
    expect(await regionFor('inpaint')).toBeNull();
  });

  const square = (from: number, to: number) => [
    [from, from],
    [to, from],
    [to, to],
    [from, to],
  ];

  it.each([
    ['that names its canvas', { canvas_width: 256, canvas_height: 192 }],
    ['in shares of the source', {}],
  ])('is drawn where structure %s lies', async (_, canvas) => {
    const layout = { regions: [{ class: 'person', polygon: square(0.4, 0.6) }], background: 'sky', ...canvas };
    objects.set('layout', new TextEncoder().encode(JSON.stringify(layout)));
    const from: ControlSource = { kind: 'structure', structure: 'layout', json: stored('layout') };
    const whole = await mapIn(from, wholeFrame(source), 'seg');
    const part = await mapIn(from, inside, 'seg');
    const expected = cut(whole.map, box);
    const same = part.map.data.filter((value, i) => value === expected.data[i]).length;
    expect(same / expected.data.length).toBeGreaterThan(0.98);
    expect(new Set(part.map.data).size).toBeGreaterThan(3);
    const enlarged = await mapIn(from, larger, 'seg');
    const doubled = await resizeMap(part.map, larger.working, 'stretch');
    const close = enlarged.map.data.filter((value, i) => value === doubled.data[i]).length;
    expect(close / doubled.data.length).toBeGreaterThan(0.97);
  });
});
