import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { ArmatureError } from '../errors.ts';
import { manifestName } from './manifest.ts';

/** Types that this installation gave to ControlNets whose folders may be read-only: an armature.json in DATA, by id. */
const overlaySchema = z.strictObject({
  schema: z.literal(1),
  controlnets: z.array(z.strictObject({ id: z.string(), type: z.string() })),
});

/** Types by the id of a ControlNet; empty where nothing was ever set. `invalid_config` where the file is damaged. */
export async function readTypes(file: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return new Map();
  try {
    const { controlnets } = overlaySchema.parse(JSON.parse(text));
    return new Map(controlnets.map(({ id, type }) => [id, type]));
  } catch (cause) {
    const detail = `The data folder's ${manifestName} is damaged: mend it, or delete it and set the types of ControlNets again.`;
    throw new ArmatureError('invalid_config', detail, { cause });
  }
}

/** Writes all of it beside the old one and then in its place, so that a reader never meets half a file. */
export async function writeTypes(file: string, types: ReadonlyMap<string, string>): Promise<void> {
  const controlnets = [...types].map(([id, type]) => ({ id, type })).toSorted((a, b) => a.id.localeCompare(b.id));
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, `${JSON.stringify({ schema: 1, controlnets }, null, 2)}\n`);
  await rename(draft, file);
}
