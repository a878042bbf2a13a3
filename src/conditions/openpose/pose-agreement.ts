import type { Point } from '../../pixels/shapes/canvas.ts';
import type { Points } from './people.ts';

/** How well drawn people take the poses that were asked for: means over the requested people, 0..1. */
export interface PoseAgreement {
  /**
   * Object keypoint similarity of COCO: exp(-d^2 / (2 s^2 k^2)) over the requested points of the body, where d is the
   * distance, s^2 the area of the person and k twice COCO's standard deviation of that point. A point that was not found
   * counts 0.
   */
  readonly oks: number;
  /** Share of the requested points that lie nearer than a tenth of the person's larger side (PCK at 0.1). */
  readonly pck: number;
  /** How many people were asked for and found. */
  readonly requested: number;
  readonly found: number;
}

/** COCO's standard deviations of OpenPose's 18 points, as shares of the person's size; the neck, which COCO has not, as a shoulder. */
const deviations = [
  0.026, 0.079, 0.079, 0.072, 0.062, 0.079, 0.072, 0.062, 0.107, 0.087, 0.089, 0.107, 0.087, 0.089, 0.025, 0.025, 0.035,
  0.035,
];

/**
 * Compares bodies of 18 points in one coordinate system. Each requested person is paired with one found person, the pairs
 * that are most alike first; who finds no partner counts 0.
 *
 * @returns null where nobody with a point of the body was asked for.
 */
export function poseAgreement(found: readonly Points[], requested: readonly Points[]): PoseAgreement | null {
  const people = requested.map(personOf).filter((person) => person.points.length > 0);
  if (people.length === 0) return null;
  const bodies = found.filter((body) => body.some((point) => point !== null));
  const pairs = people.flatMap((person, i) => bodies.map((body, j) => ({ i, j, ...similarity(body, person) })));
  const [taken, met] = [new Set<number>(), new Set<number>()];
  let oks = 0;
  let pck = 0;
  for (const pair of pairs.toSorted((a, b) => b.oks - a.oks)) {
    if (met.has(pair.i) || taken.has(pair.j)) continue;
    met.add(pair.i);
    taken.add(pair.j);
    oks += pair.oks;
    pck += pair.pck;
  }
  return { oks: oks / people.length, pck: pck / people.length, requested: people.length, found: bodies.length };
}

interface RequestedPerson {
  readonly points: readonly { readonly index: number; readonly at: Point }[];
  readonly area: number;
  readonly side: number;
}

/** Sides are those of the box around the points, at least one pixel. */
function personOf(body: Points): RequestedPerson {
  const points = body.flatMap((at, index) => (at === null ? [] : [{ index, at }]));
  const extent = (values: readonly number[]): number => Math.max(1, Math.max(...values) - Math.min(...values));
  const width = extent(points.map(({ at }) => at.x));
  const height = extent(points.map(({ at }) => at.y));
  return { points, area: width * height, side: Math.max(width, height) };
}

function similarity(body: Points, { points, area, side }: RequestedPerson): { oks: number; pck: number } {
  let oks = 0;
  let near = 0;
  for (const { index, at } of points) {
    const point = body[index] ?? null;
    if (point === null) continue;
    const squared = (point.x - at.x) ** 2 + (point.y - at.y) ** 2;
    const k = 2 * deviations[index]!;
    oks += Math.exp(-squared / (2 * area * k * k));
    if (squared < (0.1 * side) ** 2) near++;
  }
  return { oks: oks / points.length, pck: near / points.length };
}
