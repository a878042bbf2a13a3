import { describe, expect, it } from 'vitest';

import type { ResizeMode } from '../../src/pixels/resize-mode.ts';
import { annotatorSize, paddedAnnotatorSize, pixelPerfectResolution, placement } from '../../src/pixels/geometry.ts';
import { goldenJson } from '../support/golden.ts';
import type { Size } from '../../src/numeric/size.ts';
import { roundHalfToEven } from '../../src/numeric/round-half-to-even.ts';

type Pair = readonly [number, number];
interface Rows<Case> {
  readonly cases: readonly Case[];
}
interface Geometry {
  readonly controlnet_extension: Rows<{
    src: Pair;
    dst: Pair;
    just_resize: { resized: Pair };
    crop_and_resize: { resized: Pair; crop_xy: Pair };
    resize_and_fill: { resized: Pair; paste_xy: Pair };
  }>;
  readonly a1111_img2img: Rows<unknown>;
  readonly pixel_perfect: Rows<{
    src: Pair;
    dst: Pair;
    just_resize: number;
    crop_and_resize: number;
    resize_and_fill: number;
  }>;
  readonly detect_resolution: Rows<{
    src: Pair;
    resolution: number;
    round64: Pair;
    pad64: { resized: Pair; padded: Pair };
  }>;
}

const golden = goldenJson<Geometry>('extractors', 'geometry.json');
const size = ([width, height]: Pair): Size => ({ width, height });
const modes = { just_resize: 'stretch', crop_and_resize: 'crop', resize_and_fill: 'fill' } as const satisfies Record<
  string,
  ResizeMode
>;

describe('sizes of the ControlNet extension', () => {
  it.each(golden.controlnet_extension.cases)('places $src in $dst', (row) => {
    const place = (mode: ResizeMode) => placement(size(row.src), size(row.dst), mode);
    const at = ([x, y]: Pair) => ({ x, y });
    expect(place('stretch')).toEqual({ resized: size(row.just_resize.resized), x: 0, y: 0 });
    expect(place('crop')).toEqual({ resized: size(row.crop_and_resize.resized), ...at(row.crop_and_resize.crop_xy) });
    expect(place('fill')).toEqual({ resized: size(row.resize_and_fill.resized), ...at(row.resize_and_fill.paste_xy) });
  });

  it.each(golden.pixel_perfect.cases)('pixel-perfect resolution of $src for $dst', (row) => {
    for (const name of ['just_resize', 'crop_and_resize', 'resize_and_fill'] as const) {
      expect(pixelPerfectResolution(size(row.src), size(row.dst), modes[name])).toBe(row[name]);
    }
  });

  it.each(golden.detect_resolution.cases)('annotator sizes of $src at $resolution', (row) => {
    expect(annotatorSize(size(row.src), row.resolution)).toEqual(size(row.round64));
    expect(paddedAnnotatorSize(size(row.src), row.resolution)).toEqual({
      resized: size(row.pad64.resized),
      padded: size(row.pad64.padded),
    });
  });

  it('counts what is out of scope', () => {
    console.log(`geometry.json: ${golden.a1111_img2img.cases.length} cases of a1111_img2img wait for img2img`);
    expect(golden.controlnet_extension.cases.length).toBeGreaterThan(0);
  });
});

describe('roundHalfToEven', () => {
  it.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, -0],
    [-1.5, -2],
    [2.4, 2],
    [2.6, 3],
  ])('%f becomes %f', (value, expected) => expect(roundHalfToEven(value)).toBeCloseTo(expected, 12));
});
