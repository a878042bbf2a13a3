import type { AnnotatorSource } from '../contract/condition.ts';
import { type Box, type Detection, largestGroup, moveNet } from './movenet.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/**
 * The two sizes at which the network looks: the smaller one finds people who fill the picture, the larger one small ones.
 */
const lengths = [256, 512];

export interface Crowd {
  /** The best first. */
  readonly people: readonly Detection[];
  /** Whether the network gave as many people as it can, so that there may be more. */
  readonly full: boolean;
}

/**
 * Everyone whose score is at least `threshold`, of both sizes; whoever overlaps a better one by an IoU of 0.4, or lies in
 * one's box by 0.7 of the smaller of both boxes, is the same person.
 */
export async function findPeople(image: RgbImage, threshold: number, networks: AnnotatorSource): Promise<Crowd> {
  const found: Detection[] = [];
  let full = false;
  for (const length of lengths) {
    const people = (await moveNet(image, length, networks)).filter(({ score }) => score >= threshold);
    full ||= people.length === largestGroup;
    found.push(...people);
  }
  return { people: withoutDoubles(found), full };
}

function withoutDoubles(found: readonly Detection[]): readonly Detection[] {
  const kept: Detection[] = [];
  for (const person of found.toSorted((a, b) => b.score - a.score)) {
    if (kept.every((better) => !isSame(person.box, better.box))) kept.push(person);
  }
  return kept;
}

function isSame(a: Box, b: Box): boolean {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  const shared = Math.max(width, 0) * Math.max(height, 0);
  const union = area(a) + area(b) - shared;
  return shared > 0 && (shared / union >= 0.4 || shared / Math.max(Math.min(area(a), area(b)), 1e-9) >= 0.7);
}

function area({ left, top, right, bottom }: Box): number {
  return (right - left) * (bottom - top);
}
