import type { Condition } from '../conditions/condition.ts';
import { type ExtractorOptions, parseOptions } from '../conditions/options.ts';

/**
 * Every option of the extractor that makes a control's map, or false where the picture is used as it is. `preprocess` is
 * the request's field at path `field`; left out, it means an extraction wherever the condition has an extractor.
 *
 * @throws ArmatureError `not_supported_yet` where there is no extractor, `invalid_request` for wrong options.
 */
export function resolvePreprocess(
  condition: Condition,
  preprocess: boolean | ExtractorOptions | undefined,
  field: string,
): ExtractorOptions | false {
  const wanted = preprocess ?? condition.load !== undefined;
  if (wanted === false) return false;
  return parseOptions(condition, wanted === true ? {} : wanted, field);
}
