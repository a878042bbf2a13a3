import { z } from 'zod';

import { ArmatureError } from '../../errors.ts';
import type { Condition } from './condition.ts';
import { nearestName } from '../../text/nearest-name.ts';

export type ExtractorOptions = Readonly<Record<string, unknown>>;

/**
 * The options of a condition's extractor with every default filled in.
 *
 * @param given what the request holds; undefined stands for all defaults.
 * @param field path of the options in the request, such as `controls[0].preprocess`.
 * @throws ArmatureError `not_supported_yet` where the condition has no extractor, `invalid_request` for an unknown option
 *   (with the nearest known one) or a value of the wrong type or out of range.
 */
export function parseOptions(condition: Condition, given: unknown = {}, field = 'preprocess'): ExtractorOptions {
  if (condition.load === undefined) {
    throw new ArmatureError(
      'not_supported_yet',
      `Condition ${condition.id} has no extractor: it takes a ready-made map only. Send the map with "preprocess": false.`,
      { field },
    );
  }
  const result = condition.options.safeParse(given);
  if (result.success) return result.data as ExtractorOptions;
  throw refusal(condition, result.error.issues[0]!, field);
}

function refusal(condition: Condition, issue: z.core.$ZodIssue, field: string): ArmatureError {
  const path = [field, ...issue.path.map(String)].join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = optionNames(condition);
    const unknown = issue.keys[0]!;
    const nearest = nearestName(unknown, known);
    const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
    return new ArmatureError(
      'invalid_request',
      `Expected options of ${condition.id} (${known.join(', ')}) but received ${JSON.stringify(unknown)}.${hint}`,
      { field: `${field}.${unknown}`, choices: known },
    );
  }
  const what = issue.path.length === 0 ? `the options of ${condition.id}` : `option ${issue.path.join('.')}`;
  return new ArmatureError('invalid_request', `${condition.id}: ${what} is not valid: ${issue.message}.`, {
    field: path,
  });
}

/** JSON Schema (draft 2020-12) of what a request may hold as options, with defaults and ranges. */
export function optionsSchema(condition: Condition): Readonly<Record<string, unknown>> {
  const { $schema: _, ...schema } = z.toJSONSchema(condition.options, { io: 'input' }) as Record<string, unknown>;
  return schema;
}

function optionNames(condition: Condition): readonly string[] {
  return Object.keys((optionsSchema(condition)['properties'] as object | undefined) ?? {});
}
