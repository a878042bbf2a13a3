import { describe, expect, it } from 'vitest';
import type { ControlWork } from '../../src/pipeline/controls/control-work.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { controlRemarks } from '../../src/drawing/make-controls.ts';
import { refuseStrictly, remarksOnExtraction, remarksOnMap } from '../../src/drawing/remarks.ts';

const flat: RgbImage = { width: 4, height: 4, data: new Uint8Array(48).fill(90) };
const edges: RgbImage = { width: 4, height: 4, data: Uint8Array.from({ length: 48 }, (_, i) => (i < 12 ? 255 : 0)) };
const noise: RgbImage = { width: 4, height: 4, data: Uint8Array.from({ length: 48 }, (_, i) => 60 + ((i * 37) % 130)) };

describe('remarks on an extracted map', () => {
  it('mark the one that says that the map is blank', () => {
    const result = { map: edges, warnings: ['a', 'none found'], blank: 'none found' };
    expect(remarksOnExtraction('canny', result)).toEqual([
      { detail: 'a', code: null },
      { detail: 'none found', code: 'blank_map' },
    ]);
  });

  it('take a map of one colour for blank, whatever the extractor says', () => {
    expect(remarksOnExtraction('depth', { map: flat, warnings: ['one distance'] })).toEqual([
      { detail: 'one distance', code: 'blank_map' },
    ]);
    expect(remarksOnExtraction('depth', { map: flat, warnings: [] })).toEqual([
      { detail: expect.stringMatching(/^depth: the map is one flat colour/), code: 'blank_map' },
    ]);
  });

  it('take what a network finds in a flat picture for nothing', () => {
    const result = { map: edges, warnings: [] };
    expect(remarksOnExtraction('softedge', result, flat)[0]?.code).toBe('blank_map');
    expect(remarksOnExtraction('softedge', result, noise)).toEqual([]);
  });
});

describe('remarks on a ready-made map', () => {
  it('tell a blank map from one that looks like something else', () => {
    expect(remarksOnMap('canny', flat)[0]?.code).toBe('blank_map');
    expect(remarksOnMap('canny', noise)[0]?.code).toBe('unlikely_map');
    expect(remarksOnMap('canny', edges)).toEqual([]);
  });
});

it('a control that does not act is told why: by its mask, or since all that is drawn lies beyond its picture', () => {
  const inputs = { map: flat, remarks: [], region: { width: 4, height: 4, levels: new Uint8Array(16) } };
  const works = [{}, { region: { key: 'k', sha256: 's' } }].map((plan, index) => ({ index, plan, inputs }));
  expect(controlRemarks(works as unknown as readonly ControlWork[])).toEqual([
    'controls[0]: all that is drawn lies beyond its picture: it does not act.',
    'controls[1]: its mask is black all over: it does not act.',
  ]);
});

describe('a strict job', () => {
  it('ends over the first remark that has a code', () => {
    const remarks = [
      { detail: 'a', code: null },
      { detail: 'b', code: 'unlikely_map' },
      { detail: 'c', code: 'blank_map' },
    ] as const;
    expect(() => refuseStrictly(remarks, 'controls[1].image')).toThrow(
      expect.objectContaining({ code: 'unlikely_map', message: 'b', field: 'controls[1].image' }),
    );
    expect(() => refuseStrictly(remarks.slice(0, 1), 'image')).not.toThrow();
  });
});
