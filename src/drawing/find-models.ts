import { ArmatureError } from '../errors.ts';
import { passesOf } from '../generation/passes.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import { modelKinds } from '../models/kinds/kinds.ts';
import type { AutoencoderWork, LoraWork, PreviewWork, WordWork } from '../device/protocol.ts';
import type { TenantModels } from '../models/library.ts';
import { type BaseModel, findBase } from '../generation/models/base.ts';
import type { FoundControl } from '../pipeline/controls/control-work.ts';
import { findEmbedding } from '../generation/models/embedding.ts';
import { findSteering } from '../generation/models/steering.ts';
import { findLora } from '../generation/models/lora.ts';

/** The models that a plan is drawn with. */
export interface PlanModels {
  /** Of each pass, in their order. */
  readonly bases: readonly BaseModel[];
  /** Every control of the plan, in its order. */
  readonly controls: readonly FoundControl[];
  /** Every LoRA of the plan, in its order. */
  readonly loras: readonly LoraWork[];
  /** Learned words that the prompts hold. */
  readonly words: readonly WordWork[];
  readonly autoencoder: AutoencoderWork;
  /** Null where the plan asks for no previews. */
  readonly preview: PreviewWork | null;
}

/** Finds the models of a plan. `model_invalid` where one is not the one that the plan was made for any more. */
export async function findModels(library: Pick<TenantModels, 'find'>, plan: GenerationPlan): Promise<PlanModels> {
  const bases = await Promise.all(
    passesOf(plan).map(async ({ model: { id, hash } }) => {
      const base = await library.find(findBase, id);
      assertUnchanged(base, hash);
      return base;
    }),
  );
  const controls = await Promise.all(
    plan.controls.map(async (control, index) => {
      const model = await library.find(findSteering, control.model.id);
      assertUnchanged(model, control.model.hash);
      return { index, plan: control, model, acts: modelKinds[model.kind].acts };
    }),
  );
  const loras = await Promise.all(
    (plan.loras ?? []).map(async ({ model: { id, hash }, scale, textEncoderScale, applied = 'merged' }) => {
      const model = await library.find(findLora, id);
      assertUnchanged(model, hash);
      return { model, scale, textEncoderScale, applied };
    }),
  );
  const words = await Promise.all(
    (plan.embeddings ?? []).map(async ({ name, model: { id, hash }, bundled }) => {
      const model = await (bundled === undefined ? library.find(findEmbedding, id) : library.find(findLora, id));
      assertUnchanged(model, hash);
      return { name, model: { id, path: model.path, hash }, bundled: bundled ?? null };
    }),
  );
  const preview = plan.preview === undefined ? null : { every: plan.preview.every, taesd: null };
  return { bases, controls, loras, words, autoencoder: { vae: null, taesd: null }, preview };
}

function assertUnchanged(model: { readonly id: string; readonly hash: string }, planned: string): void {
  if (model.hash === planned) return;
  throw new ArmatureError(
    'model_invalid',
    `Model "${model.id}" was replaced after this job was accepted: expected hash ${planned} but found ${model.hash}. Send the request again to draw with the new one.`,
  );
}
