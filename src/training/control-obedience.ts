import { conditionOf } from '../conditions/registry.ts';
import type { ConditionMap } from '../conditions/contract/condition.ts';
import { fidelityOf, measuringOptions } from '../conditions/fidelity/fidelity.ts';
import type { MaskedImage, RgbImage } from '../pixels/rgb-image.ts';
import { TrainingRandom } from './training-random.ts';

/** How pictures follow the maps that they were drawn with, beside how they follow the maps of others. */
export interface Obedience {
  /** Mean fidelity to the own map. */
  readonly own: number;
  /** To the map of the next picture. */
  readonly shuffled: number;
  /** (own - shuffled) / (1 - shuffled): 0 where the map says nothing, 1 where it says all. */
  readonly g: number;
  /** 95 % of g, by drawing maps anew with replacement (Efron, 1979). */
  readonly interval: readonly [number, number];
  /** Maps that could be measured. */
  readonly maps: number;
}

/** A picture and the map that it was to follow. */
export interface Steered {
  readonly picture: RgbImage;
  readonly map: MaskedImage;
}

export type Extract = (condition: string, picture: MaskedImage) => Promise<ConditionMap>;

/** Compares pictures with their maps; null where fewer than two of them can be measured. */
export async function obedienceOf(
  condition: string,
  steered: readonly Steered[],
  extract: Extract,
): Promise<Obedience | null> {
  const row = conditionOf(condition);
  const options = measuringOptions(row, null);
  const pairs: (readonly [own: number, shuffled: number])[] = [];
  for (const [index, { picture, map }] of steered.entries()) {
    const drawn = await extract(condition, picture);
    const valueFor = async (requested: MaskedImage): Promise<number | null> =>
      (await fidelityOf(row, drawn, { map: requested }, options)).value;
    const next = steered[(index + 1) % steered.length] as Steered;
    const [own, shuffled] = [await valueFor(map), await valueFor(next.map)];
    if (own !== null && shuffled !== null) pairs.push([own, shuffled]);
  }
  if (pairs.length < 2) return null;
  const figures = figuresOf(pairs);
  return { ...figures, interval: intervalOf(pairs), maps: pairs.length };
}

function figuresOf(pairs: readonly (readonly [number, number])[]): Pick<Obedience, 'own' | 'shuffled' | 'g'> {
  const own = pairs.reduce((sum, [value]) => sum + value, 0) / pairs.length;
  const shuffled = pairs.reduce((sum, [, value]) => sum + value, 0) / pairs.length;
  return { own, shuffled, g: shuffled >= 1 ? 0 : (own - shuffled) / (1 - shuffled) };
}

const resamples = 1000;

function intervalOf(pairs: readonly (readonly [number, number])[]): readonly [number, number] {
  const random = new TrainingRandom(0);
  const values = Array.from({ length: resamples }, (_, at) => {
    const draws = [...random.uniforms('resampled', at, 0, pairs.length)];
    return figuresOf(draws.map((draw) => pairs[Math.floor(draw * pairs.length)] as readonly [number, number])).g;
  }).toSorted((a, b) => a - b);
  return [values[Math.floor(0.025 * resamples)] as number, values[Math.ceil(0.975 * resamples) - 1] as number];
}

/**
 * Whether that says that a control has taken hold: g above 0.3, or above half of what true pictures reach where that is under 0.6; and more than chance, which a low
 * ceiling does not keep out.
 */
export function holds({ g, interval: [least] }: Pick<Obedience, 'g' | 'interval'>, ceiling: number): boolean {
  return least > 0 && g > (ceiling < 0.6 ? ceiling / 2 : 0.3);
}
