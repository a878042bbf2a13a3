import { isAbsolute, normalize, sep } from 'node:path';
import { z } from 'zod';
import { ArmatureError } from '../../../errors.ts';
import type { Fault } from './kind.ts';

/** A path inside the model's folder, normalised; `.` is the folder itself. */
const innerPath = z
  .string()
  .min(1)
  .refine((path) => !isAbsolute(path) && normalize(path).split(sep)[0] !== '..', {
    error: 'expected a path inside the folder',
  })
  .transform((path) => {
    const normal = normalize(path);
    return normal.endsWith(sep) ? normal.slice(0, -sep.length) : normal;
  });

/** A list of armature.json that says which condition models in its folder are for. */
export const typeList = z.array(z.strictObject({ path: innerPath, type: z.string().min(1) })).optional();

export type TypeRow = NonNullable<z.output<typeof typeList>>[number];

/** A type may be no condition of this version: its model then takes ready-made maps only. */
export function typeFault(type: string | null, conditions: readonly string[]): Fault | null {
  if (type === null || /^[a-z0-9_-]{1,40}$/.test(type)) return null;
  const detail = `Expected a condition (${conditions.join(', ')}) or a name of at most 40 letters a-z, digits, "_" and "-" as the type but received "${type}".`;
  return { code: 'unknown_condition', detail };
}

/** `unknown_condition` with the choices where a type that somebody sets by hand is none of the known ones: it may be a slip. */
export function requireCondition(type: string, conditions: readonly string[]): void {
  if (conditions.includes(type)) return;
  const detail = `Expected a condition (${conditions.join(', ')}) as the type but received "${type}".`;
  throw new ArmatureError('unknown_condition', detail, { field: 'type', choices: conditions });
}
