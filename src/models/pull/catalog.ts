import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { distillationIds } from '../../schedulers/distillations.ts';
import { modelKinds } from '../kinds/kinds.ts';
import { modelIdPattern } from '../names/model-id.ts';

/** `full` is what the file says without a variant in its name, mostly float32. */
export const variants = ['fp16', 'full'] as const;
export type Variant = (typeof variants)[number];

const kinds = Object.values(modelKinds).map(({ id }) => id);

const catalogFile = z.strictObject({
  path: z.string().min(1),
  bytes: z.int().positive().optional(),
  /** Taken only with this variant; a file without one always. */
  variant: z.enum(variants).optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});

/** How an annotator's network is fed and read. */
const network = z.strictObject({
  file: z.string().min(1),
  inputs: z.record(z.string(), z.string()),
  outputs: z.record(z.string(), z.string()),
  preprocessing: z.string(),
});

const catalogEntry = z.strictObject({
  id: z.string().regex(modelIdPattern),
  title: z.string().min(1).max(200),
  kind: z.enum(kinds),
  /** Condition: of a ControlNet what it was trained on, of an annotator what it makes; null where no condition fits. */
  type: z.string().nullable().optional(),
  repo: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
  revision: z.string().min(1),
  /** Null where they are chosen from the repository's listing. */
  files: z.array(catalogFile).min(1).nullable(),
  /** What is taken where nobody says otherwise. */
  variant: z.enum(variants).default('fp16'),
  /** Size of the pull, about. */
  bytes: z.int().positive(),
  licence: z.string().min(1).max(200),
  family: z.enum(['sd1', 'sd2', 'sdxl']).nullable(),
  /** Of what is for the latents of others: families and ids of base models. */
  fits: z.array(z.string()).optional(),
  /** How it was made to draw in few steps, where it was. */
  distilled: z.enum(distillationIds).optional(),
  notes: z.string().optional(),
  networks: z.array(network).optional(),
  /** What the pull writes as annotator.json beside an annotator's files: what they leave open. */
  annotator: z.record(z.string(), z.unknown()).optional(),
});

const catalogSchema = z.strictObject({ schema: z.literal(1), models: z.array(catalogEntry) });

export type CatalogEntry = z.output<typeof catalogEntry>;
export type CatalogFile = z.output<typeof catalogFile>;

/** Public models that are known by an id of ours: models/catalog.json. `invalid_config` where it is damaged. */
export async function readCatalog(file: string): Promise<readonly CatalogEntry[]> {
  const parsed = catalogSchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (parsed.success) return parsed.data.models;
  const issue = parsed.error.issues[0];
  const detail = `The catalog of models is not valid: ${issue?.path.join('.')}: ${issue?.message}.`;
  throw new ArmatureError('invalid_config', detail);
}
