import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { ArmatureError } from '../errors.ts';
import { writeAtomically } from '../files/atomic-write.ts';
import { readTextIfThere, reasonOf } from '../files/regular-file.ts';
import { manifestName, predictionType } from './manifest/manifest.ts';
import type { ToldPrediction } from '../schedulers/prediction-type.ts';

/** What this installation says of models whose folders may be read-only: an armature.json in DATA, by id. */
export interface Overlay {
  /** Conditions of ControlNets. */
  readonly types: ReadonlyMap<string, string>;
  /** Predictions of base models. */
  readonly predictions: ReadonlyMap<string, ToldPrediction>;
}

export const emptyOverlay: Overlay = { types: new Map(), predictions: new Map() };

/** Bytes: a line or two for each model that something was said of. */
const mostBytes = 16 * 2 ** 20;

const overlaySchema = z.strictObject({
  schema: z.literal(1),
  bases: z
    .array(
      z.strictObject({ id: z.string(), prediction_type: predictionType.optional(), zero_snr: z.boolean().optional() }),
    )
    .default([]),
  controlnets: z.array(z.strictObject({ id: z.string(), type: z.string() })).default([]),
});

/** Empty where nothing was ever set. `invalid_config` where the file is damaged, or no file. */
export async function readOverlay(file: string): Promise<Overlay> {
  const text = await readTextIfThere(file, mostBytes).catch((cause: unknown) => {
    const detail = `The data folder's ${manifestName} cannot be read: ${reasonOf(cause)}.`;
    throw new ArmatureError('invalid_config', detail, { cause });
  });
  if (text === null) return emptyOverlay;
  try {
    const { bases, controlnets } = overlaySchema.parse(JSON.parse(text));
    return {
      types: new Map(controlnets.map(({ id, type }) => [id, type])),
      predictions: new Map(bases.map(({ id, prediction_type: type, zero_snr: zeroSnr }) => [id, { type, zeroSnr }])),
    };
  } catch (cause) {
    const detail = `The data folder's ${manifestName} is damaged: mend it, or delete it and set what was set of models again.`;
    throw new ArmatureError('invalid_config', detail, { cause });
  }
}

/** Writes all of it, in place of what was there. */
export async function writeOverlay(file: string, { types, predictions }: Overlay): Promise<void> {
  const bases = [...predictions].map(([id, { type, zeroSnr }]) => ({ id, prediction_type: type, zero_snr: zeroSnr }));
  const controlnets = [...types].map(([id, type]) => ({ id, type }));
  const content = { schema: 1, ...(bases.length === 0 ? {} : { bases: byId(bases) }), controlnets: byId(controlnets) };
  // The draft lies beside the file, and that may be the first of its folder.
  await mkdir(dirname(file), { recursive: true });
  await writeAtomically(file, `${file}.${randomUUID()}`, Buffer.from(`${JSON.stringify(content, null, 2)}\n`));
}

function byId<Row extends { readonly id: string }>(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((a, b) => a.id.localeCompare(b.id));
}
