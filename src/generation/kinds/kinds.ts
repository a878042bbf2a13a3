import type { z } from 'zod';
import type { JobKind } from '../job-kind.ts';
import type { Plan } from '../plan.ts';
import { formOfKinds, newerKind } from '../stored-json.ts';
import { extractionKind } from './extraction/kind.ts';
import { generationKind } from './generation/kind.ts';
import { trainingKind } from './training/kind.ts';
import { upscaleKind } from './upscale/kind.ts';

/** Every kind of job. A new one is a folder and a row here, and its runner a row of src/service/job-runners.ts. */
const jobKinds = Object.freeze({
  generation: generationKind,
  extraction: extractionKind,
  upscale: upscaleKind,
  training: trainingKind,
});

export type JobKindId = keyof typeof jobKinds;
type Row = (typeof jobKinds)[JobKindId];

/** The plan of a kind. */
export type PlanOf<Id extends JobKindId> = (typeof jobKinds)[Id] extends JobKind<infer P, infer _> ? P : never;
/** What clients see of a plan. */
export type EffectiveView = z.output<Row['effective']>;

const rows: readonly Row[] = Object.values(jobKinds);
const byId = new Map<string, JobKind<Plan, EffectiveView>>(rows.map((row) => [row.id, row]));

/** Names of all kinds. */
export const jobKindIds: readonly string[] = rows.map(({ id }) => id);
/** What clients see of the plan of each kind. */
export const effectiveSchemas = rows.map(({ effective }) => effective);
/** Those whose times tell how fast pictures are drawn. */
export const pacingKinds: readonly string[] = rows.filter(({ setsPace }) => setsPace).map(({ id }) => id);

/** The kind of a plan's job. @throws ArmatureError `newer_release` for a kind that this release does not know */
export function kindOf({ kind }: Plan): JobKind<Plan, EffectiveView> {
  const row = byId.get(kind);
  if (row === undefined) throw newerKind('plan', kind, jobKindIds);
  return row;
}

/** How plans are kept as JSON, each in the form of its kind. */
export const storedPlan = formOfKinds<'plan', Plan>((plan) => kindOf(plan).stored);
