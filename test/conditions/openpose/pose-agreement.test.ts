import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { poseAgreement } from '../../../src/conditions/openpose/pose-agreement.ts';
import type { Points } from '../../../src/conditions/openpose/people.ts';

/** Eighteen points on a grid of 100 x 100 pixels, moved by dx and dy. */
function body(dx = 0, dy = 0): Points {
  return Array.from({ length: 18 }, (_, i) => ({ x: dx + (i % 3) * 50, y: dy + Math.floor(i / 3) * 20 }));
}

const only = (index: number, at: { readonly x: number; readonly y: number }, rest: Points): Points =>
  rest.map((point, i) => (i === index ? at : point));

describe('agreement of poses', () => {
  it('is full for the same people in another order', () => {
    const people = [body(), body(300)];
    expect(poseAgreement(people.toReversed(), people)).toEqual({ oks: 1, pck: 1, requested: 2, found: 2 });
  });

  it('falls with the distance as in COCO', () => {
    // Area 100 x 100, nose (0.026): at d = 2 * 0.026 * 100 = 5.2 pixels its similarity is exp(-1/2).
    const moved = only(0, { x: 0, y: 5.2 }, body());
    expect(poseAgreement([moved], [body()])?.oks).toBeCloseTo((17 + Math.exp(-0.5)) / 18, 12);
    expect(poseAgreement([moved], [body()])?.pck).toBe(1);
    expect(poseAgreement([only(0, { x: 0, y: 10.1 }, body())], [body()])?.pck).toBeCloseTo(17 / 18, 12);
  });

  it('counts a point that was not found as 0, and asks for none that was not requested', () => {
    const without = body().map((point, i) => (i === 4 ? null : point));
    expect(poseAgreement([without], [body()])?.oks).toBeCloseTo(17 / 18, 12);
    expect(poseAgreement([body()], [without])?.oks).toBe(1);
  });

  it('counts who was not found as 0, and pairs nobody twice', () => {
    expect(poseAgreement([body()], [body(), body()])).toMatchObject({ oks: 0.5, requested: 2, found: 1 });
    expect(poseAgreement([], [body()])).toMatchObject({ oks: 0, pck: 0, found: 0 });
  });

  it('is none where nobody was asked for', () => {
    expect(poseAgreement([body()], [])).toBeNull();
    expect(poseAgreement([body()], [body().map(() => null)])).toBeNull();
  });

  it('does not change when both are moved and scaled, and lies between 0 and 1', () => {
    const number = fc.double({ min: -30, max: 30, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 36, maxLength: 36 }),
        fc.double({ min: 2, max: 5, noNaN: true }),
        (noise, scale) => {
          const found = body().map((point, i) => ({ x: point!.x + noise[2 * i]!, y: point!.y + noise[2 * i + 1]! }));
          const change = (points: Points): Points => points.map((p) => ({ x: p!.x * scale + 7, y: p!.y * scale - 3 }));
          const plain = poseAgreement([found], [body()])!;
          const changed = poseAgreement([change(found)], [change(body())])!;
          expect(changed.oks).toBeCloseTo(plain.oks, 9);
          expect(plain.oks).toBeGreaterThanOrEqual(0);
          expect(plain.oks).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});
