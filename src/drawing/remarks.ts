import type { ConditionMap } from '../conditions/contract/condition.ts';
import { isFlat } from '../pixels/flat.ts';
import { inspectMap } from '../conditions/contract/inspect-map.ts';
import { conditionOf } from '../conditions/registry.ts';
import { ArmatureError } from '../errors.ts';
import type { Remark } from '../pipeline/controls/control-work.ts';
import type { MaskedImage, RgbImage } from '../pixels/rgb-image.ts';

/** What there is to say of a map that was extracted from a photograph, or drawn from data. */
export function remarksOnExtraction(type: string, result: ConditionMap, photo?: RgbImage): readonly Remark[] {
  const { map, warnings } = result;
  const blank =
    result.blank ?? (isFlat(map) || (photo !== undefined && isFlat(photo)) ? flatness(type, warnings) : null);
  const others = warnings.filter((detail) => detail !== blank).map((detail): Remark => ({ detail, code: null }));
  return blank === null ? others : [...others, { detail: blank, code: 'blank_map' }];
}

/** What there is to say of a map that came ready-made. */
export function remarksOnMap(type: string, map: MaskedImage): readonly Remark[] {
  const code = isFlat(map) ? 'blank_map' : 'unlikely_map';
  return inspectMap(conditionOf(type), map).map((detail) => ({ detail, code }));
}

/** Ends a strict job over the first remark that is more than a remark. `field` is the path of the picture. */
export function refuseStrictly(remarks: readonly Remark[], field: string): void {
  for (const { code, detail } of remarks) {
    if (code !== null) throw new ArmatureError(code, detail, { field });
  }
}

/** Of a map of one colour: the extractor's own last word, where it has one. */
function flatness(type: string, warnings: readonly string[]): string {
  return warnings.at(-1) ?? `${type}: the map is one flat colour, so it holds no structure; send another picture.`;
}
