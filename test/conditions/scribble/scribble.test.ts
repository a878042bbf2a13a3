import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { RgbImage } from '../../../src/pixels/rgb-image.ts';
import { parseOptions } from '../../../src/conditions/contract/options.ts';
import { conditions } from '../../../src/conditions/registry.ts';
import { drawingStrokes } from '../../../src/conditions/scribble/drawing.ts';
import type { ScribbleOptions } from '../../../src/conditions/scribble/options.ts';
import { scribble } from '../../../src/conditions/scribble/scribble.ts';
import { hedStrokes } from '../../../src/conditions/scribble/strokes.ts';
import { xdogStrokes } from '../../../src/conditions/scribble/xdog.ts';
import { ArmatureError } from '../../../src/errors.ts';
import { decodePicture } from '../../../src/images/decode.ts';
import { annotatorPicture, channel, flatPicture, mirrored, networks, photo } from '../../support/annotators.ts';
import { maxAbsDifference } from '../../support/golden.ts';

const golden = async (name: string): Promise<Uint8Array> =>
  channel(await decodePicture(readFileSync(new URL(`golden/${name}.png`, import.meta.url))));

/** A black cross of `thickness` pixels on white paper. */
function cross(ink: number, paper: number): RgbImage {
  const image = flatPicture(40, 40, paper);
  for (let i = 0; i < 40; i++) {
    image.data.fill(ink, (20 * 40 + i) * 3, (20 * 40 + i) * 3 + 3);
    image.data.fill(ink, (i * 40 + 10) * 3, (i * 40 + 10) * 3 + 3);
  }
  return image;
}
const crossPixels = 79;
const count = (strokes: Uint8Array): number => strokes.filter((value) => value === 255).length;

describe('strokes from soft edges', () => {
  test.each(['coffee', 'chelsea'])('are those of OpenCV by ControlNet’s rule, pixel for pixel: %s', async (name) => {
    const hint = await annotatorPicture(`hed_${name}.hint.png`);
    expect(maxAbsDifference(hedStrokes(channel(hint), hint), await golden(`thin_${name}`))).toBe(0);
  });

  test('come from the photograph in one go', async () => {
    const options = { from: 'hed', resolution: 512 } as const;
    const { map, warnings } = await scribble.extract(await annotatorPicture('hed_coffee.in.png'), options, networks);
    const expected = await golden('thin_coffee');
    const differing = channel(map).filter((value, i) => value !== expected[i]).length;
    // Levels may be off by one where the network's rounding differs.
    expect(differing / expected.length).toBeLessThan(0.001);
    expect(warnings).toEqual([]);
  });
});

describe('strokes by difference of Gaussians', () => {
  test.each(['coffee', 'rocket'])('are those of OpenCV by ControlNet’s rule, pixel for pixel: %s', async (name) => {
    expect(maxAbsDifference(xdogStrokes(await photo(name), 32), await golden(`xdog_${name}`))).toBe(0);
  });

  test('find black lines on white, where 8-bit sums overflow elsewhere', () => {
    const strokes = xdogStrokes(cross(0, 255), 32);
    expect(strokes[20 * 40 + 30]).toBe(255);
    expect(strokes[5 * 40 + 30]).toBe(0);
  });

  test('are more with less contrast', async () => {
    const picture = await photo('coffee');
    expect(count(xdogStrokes(picture, 10))).toBeGreaterThan(count(xdogStrokes(picture, 32)));
  });

  test('are mirrored with the picture', async () => {
    const picture = await photo('coffee');
    const strokes = xdogStrokes(picture, 32);
    const back = xdogStrokes(mirrored(picture), 32);
    const { width } = picture;
    const turned = back.map((_, i) => back[i - (i % width) + width - 1 - (i % width)]!);
    expect(maxAbsDifference(turned, strokes)).toBe(0);
  });
});

describe('strokes of a drawing', () => {
  test.each([
    ['ink on paper', cross(20, 240), false],
    ['chalk on a board', cross(240, 20), true],
    ['pencil on grey paper', cross(140, 180), false],
  ])('are white on black: %s', (_, image, bright) => {
    const drawing = drawingStrokes(image, null, 'auto');
    expect(drawing.bright).toBe(bright);
    expect(count(channel(drawing.map))).toBe(crossPixels);
    expect(channel(drawing.map)[20 * 40 + 3]).toBe(255);
  });

  test('follow the threshold and the side that are asked for', () => {
    const image = cross(100, 240);
    expect(count(channel(drawingStrokes(image, 90, 'dark').map))).toBe(0);
    expect(count(channel(drawingStrokes(image, 110, 'dark').map))).toBe(crossPixels);
    expect(count(channel(drawingStrokes(image, 110, 'bright').map))).toBe(1600 - crossPixels);
  });

  test('are not taken from a photograph without a word', async () => {
    const options = { from: 'drawing', ink_threshold: null, lines: 'dark' } as const;
    const { warnings } = await scribble.extract(await photo('coffee'), options, networks);
    expect(warnings).toEqual([expect.stringContaining('is no line drawing')]);
  });

  test.each(['drawing', 'xdog'])('that are not there are named, with what to do: %s', async (from) => {
    const options = parseOptions(conditions.scribble, { from }) as ScribbleOptions;
    const { map, warnings } = await scribble.extract(flatPicture(8, 8, 200), options, networks);
    expect(count(channel(map))).toBe(0);
    expect(warnings.at(-1)).toMatch(/no strokes found; (lower contrast|set ink_threshold)/);
  });
});

describe('the options of scribble', () => {
  test.each([
    [{}, { from: 'hed', resolution: 512 }],
    [{ from: 'xdog' }, { from: 'xdog', contrast: 32 }],
    [{ from: 'drawing' }, { from: 'drawing', ink_threshold: null, lines: 'auto' }],
    [
      { from: 'drawing', ink_threshold: 90 },
      { from: 'drawing', ink_threshold: 90, lines: 'auto' },
    ],
  ])('%j become %j, and stay so', (given, expected) => {
    const options = parseOptions(conditions.scribble, given);
    expect(options).toEqual(expected);
    expect(parseOptions(conditions.scribble, options)).toEqual(expected);
  });

  test.each([
    [{ contrast: 20 }, 'contrast'],
    [{ from: 'xdog', resolution: 256 }, 'resolution'],
    [{ from: 'drawing', contrast: 20 }, 'contrast'],
    [{ from: 'hed', lines: 'dark' }, 'lines'],
  ])('%j are refused: %s would have no effect', (given, field) => {
    expect(() => parseOptions(conditions.scribble, given)).toThrow(
      expect.objectContaining({ code: 'invalid_request', field: `preprocess.${field}` }) as ArmatureError,
    );
  });
});
