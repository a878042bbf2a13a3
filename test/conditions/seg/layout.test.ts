import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ade20k } from '../../../src/conditions/seg/ade20k.ts';
import { fillPolygon } from '../../../src/conditions/seg/fill-polygon.ts';
import { layoutSchema, renderLayout } from '../../../src/conditions/seg/layout.ts';

const colourOf = (name: string) => [...ade20k.find((row) => row.name === name)!.colour];

/** Rows of the polygon's area, `#` inside. */
function drawn(corners: readonly (readonly [number, number])[], width: number, height: number): readonly string[] {
  const plane = new Uint8Array(width * height);
  fillPolygon(plane, { width, height }, corners, 1);
  return Array.from({ length: height }, (_, y) =>
    [...plane.subarray(y * width, (y + 1) * width)].map((value) => (value === 1 ? '#' : '.')).join(''),
  );
}

describe('filling a polygon', () => {
  test('takes the pixels whose centres lie inside', () => {
    const triangle = [
      [0, 0],
      [6, 0],
      [0, 6],
    ] as const;
    expect(drawn(triangle, 6, 6)).toEqual(['#####.', '####..', '###...', '##....', '#.....', '......']);
  });

  test('leaves out what is enclosed twice', () => {
    const hole = [
      [0, 0],
      [6, 0],
      [6, 5],
      [0, 5],
      [0, 0],
      [2, 1],
      [4, 1],
      [4, 4],
      [2, 4],
      [2, 1],
    ] as const;
    expect(drawn(hole, 6, 5)).toEqual(['######', '##..##', '##..##', '##..##', '######']);
  });

  const corner = fc.tuple(fc.double({ min: -3, max: 15, noNaN: true }), fc.double({ min: -3, max: 12, noNaN: true }));

  test('neither overlaps nor leaves a gap where two polygons share a border', () => {
    fc.assert(
      fc.property(fc.array(corner, { minLength: 1, maxLength: 6 }), (path) => {
        // A path from the upper to the lower border splits the plane in two.
        const left = [[-9, -9], [5, -9], ...path, [5, 30], [-9, 30]] as [number, number][];
        const right = [[30, -9], [5, -9], ...path, [5, 30], [30, 30]] as [number, number][];
        const size = { width: 12, height: 9 };
        const [a, b] = [left, right].map((corners) => {
          const plane = new Uint8Array(108);
          fillPolygon(plane, size, corners, 1);
          return plane;
        });
        expect(a!.map((value, i) => value + b![i]!)).toEqual(new Uint8Array(108).fill(1));
      }),
      { numRuns: 200 },
    );
  });

  test('counts the pixels that it wrote', () => {
    fc.assert(
      fc.property(fc.array(corner, { minLength: 3, maxLength: 8 }), (corners) => {
        const plane = new Uint8Array(108);
        const covered = fillPolygon(plane, { width: 12, height: 9 }, corners, 1);
        expect(plane.filter((value) => value === 1)).toHaveLength(covered);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a layout', () => {
  const square = (left: number, right: number): [number, number][] => [
    [left, 0],
    [right, 0],
    [right, 1],
    [left, 1],
  ];

  const circle = (corners: number): [number, number][] =>
    Array.from({ length: corners }, (_, i) => [0.5 + 0.5 * Math.cos(i), 0.5 + 0.5 * Math.sin(i)]);

  test('is drawn in the colours of its classes, later regions on top', () => {
    const { map, data, warnings } = renderLayout(8, 2, [
      { class: 'sky', polygon: square(0, 1) },
      { class: 'person', polygon: square(0.5, 1) },
    ]);
    const row = [...Array(4).fill(colourOf('sky')), ...Array(4).fill(colourOf('person'))].flat();
    expect([...map.data]).toEqual([...row, ...row]);
    expect(data!['legend']).toMatchObject([
      { name: 'sky', share: 0.5 },
      { name: 'person', share: 0.5 },
    ]);
    expect(warnings).toEqual([]);
  });

  test('has its background where no region lies, and a warning where there is none', () => {
    const region = { class: 'tree', polygon: square(0, 0.25) } as const;
    const plain = renderLayout(8, 1, [region]);
    expect([...plain.map.data.subarray(21)]).toEqual([0, 0, 0]);
    expect(plain.warnings).toEqual([expect.stringContaining('75 % of the layout has no class')]);
    const { map, warnings } = renderLayout(8, 1, [region], 'grass');
    expect([...map.data.subarray(21)]).toEqual(colourOf('grass'));
    expect(warnings).toEqual([]);
  });

  test('says which region is too small to be seen', () => {
    const speck = { class: 'bird', polygon: square(0.01, 0.02) };
    const { warnings } = renderLayout(8, 1, [{ ...speck, class: 'animal' }], 'sky');
    expect(warnings).toEqual(['seg: regions[0] (animal) covers no pixel.']);
  });

  test.each([
    [{ regions: [] }, 'regions'],
    [{ regions: [{ class: 'persn', polygon: square(0, 1) }] }, 'regions.0.class'],
    [{ regions: [{ class: 'person', polygon: [[0, 0]] }] }, 'regions.0.polygon'],
    [{ regions: [{ class: 'person', polygon: [...square(0, 1), [1.5, 0]] }] }, 'regions.0.polygon.4.0'],
    [{ regions: [{ class: 'person', polygon: square(0, 1) }], background: 'void' }, 'background'],
    [{ regions: Array.from({ length: 30 }, () => ({ class: 'sky', polygon: circle(1000) })) }, 'regions'],
  ])('is refused where a part is wrong: %#', (layout, path) => {
    const issue = layoutSchema.safeParse(layout).error!.issues[0]!;
    expect(issue.path.join('.')).toBe(path);
  });

  test('names the nearest class', () => {
    const layout = { regions: [{ class: 'persn', polygon: square(0, 1) }] };
    expect(layoutSchema.safeParse(layout).error!.issues[0]!.message).toContain('did you mean person?');
  });
});
