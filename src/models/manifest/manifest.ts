import { join } from 'node:path';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { readTextIfThere, reasonOf } from '../../files/regular-file.ts';
import { outlineOf } from '../../json/outline.ts';
import { saidTwice } from '../../weights/configs/raw-config.ts';
import type { Fields } from '../kinds/contract/kind.ts';
import { foundKinds } from '../kinds/kinds.ts';
import { manifestName } from '../names/manifest-name.ts';
import { modelIdPattern } from '../names/model-id.ts';

/** Bytes of a manifest; it names a few files. */
const mostBytes = 2 ** 20;
const bounds = { mostMembers: 100, deepest: 16 };

const commonFields = {
  schema: z.literal(1),
  id: z.string().regex(modelIdPattern, { error: 'expected a-z, 0-9, ".", "_" and "-"' }).optional(),
  title: z.string().min(1).max(200).optional(),
  licence: z.string().min(1).max(200).optional(),
};

/** What a model's maker says of it in armature.json. Unknown fields are refused: a misspelt one would be lost in silence. */
const manifestSchema = z.strictObject({
  ...commonFields,
  ...Object.assign({}, ...foundKinds.map(({ manifest }) => manifest ?? {})),
});

/** What every kind of model knows of it; the rest each kind reads by its own schema's type. */
export type Manifest = z.output<z.ZodObject<typeof commonFields>> & Fields;

/** The armature.json of a model folder, or null where it has none. `model_invalid` names each field at fault. */
export async function readManifest(folder: string): Promise<Manifest | null> {
  const text = await readTextIfThere(join(folder, manifestName), mostBytes).catch((cause: unknown) => {
    throw new ArmatureError('model_invalid', `${manifestName} cannot be read: ${reasonOf(cause)}.`, { cause });
  });
  if (text === null) return null;
  const parsed = manifestSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data as Manifest;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the whole'}: ${issue.message}`);
  throw new ArmatureError('model_invalid', `${manifestName} is not valid: ${issues.join('; ')}.`);
}

function parseJson(text: string): unknown {
  const { members, depth, twice } = outlineOf(text, bounds);
  if (members > bounds.mostMembers || depth > bounds.deepest) {
    throw new ArmatureError('model_invalid', `${manifestName} is not valid: it has more in it than any manifest.`);
  }
  if (twice !== null) throw saidTwice(twice, manifestName);
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ArmatureError('model_invalid', `${manifestName} is not JSON: ${reason}.`, { cause: error });
  }
}
