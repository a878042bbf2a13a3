import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, type Frame, frameAt, wholeFrame } from '../../src/pixels/frame.ts';

const side = fc.integer({ min: 1, max: 2048 });
const size = fc.record({ width: side, height: side });

describe('a frame', () => {
  it('of all of a source is that source, at whatever size it is seen', () => {
    fc.assert(
      fc.property(size, size, (source, seen) => {
        expect(frameAt(wholeFrame(source), seen)).toEqual(wholeFrame(seen));
      }),
    );
  });

  it('seen at another size holds the same part of the source', () => {
    const frame: Frame = {
      source: { width: 400, height: 300 },
      box: { x: 100, y: 60, width: 200, height: 150 },
      working: { width: 200, height: 150 },
    };
    expect(frameAt(frame, { width: 400, height: 300 })).toEqual({
      source: { width: 800, height: 600 },
      box: { x: 200, y: 120, width: 400, height: 300 },
      working: { width: 400, height: 300 },
    });
  });

  it('keeps its box inside of its source', () => {
    const within = (length: number) =>
      fc.tuple(fc.nat(length - 1), fc.nat(length - 1)).map(([a, b]) => [a, b] as const);
    const boxes = size.chain(({ width, height }) =>
      fc.tuple(within(width), within(height), size).map(([[x1, x2], [y1, y2], working]): Frame => {
        const [x, y] = [Math.min(x1, x2), Math.min(y1, y2)];
        const box = { x, y, width: Math.abs(x1 - x2) + 1, height: Math.abs(y1 - y2) + 1 };
        return { source: { width, height }, box, working };
      }),
    );
    fc.assert(
      fc.property(boxes, size, (frame, seen) => {
        const { source, box } = frameAt(frame, seen);
        expect(box.x + box.width).toBeLessThanOrEqual(source.width);
        expect(box.y + box.height).toBeLessThanOrEqual(source.height);
        expect(Math.min(box.width, box.height)).toBeGreaterThan(0);
      }),
    );
  });
});

describe('the pixels in a box', () => {
  const image = {
    width: 3,
    height: 2,
    data: Uint8Array.from({ length: 18 }, (_, i) => i),
    masked: Uint8Array.of(0, 0, 1, 0, 1, 1),
  };

  it('are those of its rows, and so is their mask', () => {
    const part = { x: 1, y: 1, width: 2, height: 1 };
    expect(cut(image, part)).toEqual({
      width: 2,
      height: 1,
      data: Uint8Array.of(12, 13, 14, 15, 16, 17),
      masked: Uint8Array.of(1, 1),
    });
    const { masked: _, ...plain } = image;
    expect(cut(plain, part)).not.toHaveProperty('masked');
  });

  it('of all of it are the picture itself', () => {
    expect(cut(image, wholeFrame(image).box)).toBe(image);
  });
});
