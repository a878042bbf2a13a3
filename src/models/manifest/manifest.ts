import { isAbsolute, join, normalize, sep } from 'node:path';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { readTextIfThere, reasonOf } from '../../files/regular-file.ts';
import { isWithin } from '../../json/outline.ts';
import { schedulerIds } from '../../schedulers/registry.ts';
import { predictionNamed } from '../../weights/prediction/prediction.ts';
import { modelIdPattern } from './model-id.ts';
import { predictionTypes } from '../../schedulers/prediction-type.ts';

export const manifestName = 'armature.json';

/** Bytes of a manifest; it names a few files. */
const mostBytes = 2 ** 20;
const bounds = { mostMembers: 100, deepest: 16 };

const side = z.int().min(64).max(4096).multipleOf(8);

/** A path inside the model's folder; `.` is the folder itself. */
const innerPath = z
  .string()
  .min(1)
  .refine((path) => !isAbsolute(path) && normalize(path).split(sep)[0] !== '..', {
    error: 'expected a path inside the folder',
  });

/** In any of its spellings; stored as diffusers writes it. */
export const predictionType = z.string().transform((name, context) => {
  const type = predictionNamed(name);
  if (type !== null) return type;
  context.addIssue({ code: 'custom', message: `expected ${predictionTypes.join(', ')}` });
  return z.NEVER;
});

/** What a model's maker says of it in armature.json. Unknown fields are refused: a misspelt one would be lost in silence. */
const manifestSchema = z.strictObject({
  schema: z.literal(1),
  id: z.string().regex(modelIdPattern, { error: 'expected a-z, 0-9, ".", "_" and "-"' }).optional(),
  title: z.string().min(1).max(200).optional(),
  licence: z.string().min(1).max(200).optional(),
  defaults: z
    .strictObject({
      width: side.optional(),
      height: side.optional(),
      steps: z.int().min(1).max(1000).optional(),
      guidance_scale: z.number().min(0).max(50).optional(),
      scheduler: z.enum(schedulerIds).optional(),
    })
    .optional(),
  prediction_type: predictionType.optional(),
  zero_snr: z.boolean().optional(),
  controlnets: z.array(z.strictObject({ path: innerPath, type: z.string().min(1) })).optional(),
});

export type Manifest = z.output<typeof manifestSchema>;

/**
 * The armature.json of a model folder, or null where it has none. `model_invalid` names each field at fault; paths of
 * ControlNets come back normalised.
 */
export async function readManifest(folder: string): Promise<Manifest | null> {
  const text = await readTextIfThere(join(folder, manifestName), mostBytes).catch((cause: unknown) => {
    throw new ArmatureError('model_invalid', `${manifestName} cannot be read: ${reasonOf(cause)}.`, { cause });
  });
  if (text === null) return null;
  const parsed = manifestSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the whole'}: ${issue.message}`);
    throw new ArmatureError('model_invalid', `${manifestName} is not valid: ${issues.join('; ')}.`);
  }
  const controlnets = parsed.data.controlnets?.map(({ path, type }) => ({ path: normalizePath(path), type }));
  return controlnets === undefined ? parsed.data : { ...parsed.data, controlnets };
}

function normalizePath(path: string): string {
  const normal = normalize(path);
  return normal.endsWith(sep) ? normal.slice(0, -sep.length) : normal;
}

function parseJson(text: string): unknown {
  if (!isWithin(text, bounds)) {
    throw new ArmatureError('model_invalid', `${manifestName} is not valid: it has more in it than any manifest.`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ArmatureError('model_invalid', `${manifestName} is not JSON: ${reason}.`, { cause: error });
  }
}
