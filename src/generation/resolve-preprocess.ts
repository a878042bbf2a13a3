import type { Condition } from '../conditions/contract/condition.ts';
import { type ExtractorOptions, parseOptions } from '../conditions/contract/options.ts';
import { ArmatureError } from '../errors.ts';
import type { GivenPicture } from './given-picture.ts';

/**
 * Every option of the extractor that makes a control's map, or false where the picture is used as it is. `preprocess` is
 * the request's field at path `field`; left out, it means an extraction wherever the condition has an extractor and the
 * picture is not a map that an earlier job made.
 *
 * @throws ArmatureError `not_supported_yet` where there is no extractor, `invalid_request` for wrong options, or for any
 *   where structure was sent as data.
 */
export function resolvePreprocess(
  condition: Condition,
  preprocess: boolean | ExtractorOptions | undefined,
  { structure, map }: Pick<GivenPicture, 'structure' | 'map'>,
  field: string,
): ExtractorOptions | false {
  const wanted = preprocess ?? (condition.load !== undefined && structure === null && map === null);
  if (wanted === false) return false;
  if (structure !== null) {
    const detail = `Expected no ${field} with a ${structure} as data, because its map is drawn and not extracted.`;
    throw new ArmatureError('invalid_request', detail, { field });
  }
  return parseOptions(condition, wanted === true ? {} : wanted, field);
}
