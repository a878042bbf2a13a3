import { ArmatureError } from '../errors.ts';
import { findTaesd, fittingTaesd } from '../generation/models/taesd.ts';
import { findUpscaler, type UpscalerModel } from '../generation/models/upscaler.ts';
import { findVae } from '../generation/models/vae.ts';
import { passesOf } from '../generation/passes.ts';
import type { GenerationPlan, PlannedEmbedding, PlannedLora } from '../generation/plan.ts';
import type { ModelReference } from '../generation/plan-references.ts';
import { modelKinds } from '../models/kinds/kinds.ts';
import type { AutoencoderWork, LoraWork, PreviewWork, WordWork } from '../device/protocol.ts';
import type { Find, TenantModels } from '../models/library.ts';
import { type BaseModel, findBase } from '../generation/models/base.ts';
import type { FoundControl } from '../pipeline/controls/control-work.ts';
import { findEmbedding } from '../generation/models/embedding.ts';
import { findImageEncoder } from '../generation/models/image-encoder.ts';
import { findSteering } from '../generation/models/steering.ts';
import { findLora } from '../generation/models/lora.ts';

/** The models that a plan is drawn with. */
export interface PlanModels {
  /** Of each pass, in their order. */
  readonly bases: readonly BaseModel[];
  /** Every control of the plan, in its order. */
  readonly controls: readonly FoundControl[];
  /** Every LoRA of the plan, in its order. */
  readonly loras: readonly Found<PlannedLora, LoraWork>[];
  /** Learned words that the prompts hold. */
  readonly words: readonly Found<PlannedEmbedding, WordWork>[];
  readonly autoencoder: AutoencoderWork;
  /** The network that enlarges what a second pass takes over; null where none does. */
  readonly upscaler: UpscalerModel | null;
  /** Null where the plan asks for no previews. */
  readonly preview: PreviewWork | null;
}

/** What a plan says of a model, and what is drawn with it. */
interface Found<Planned, Work> {
  readonly plan: Planned;
  readonly work: Work;
}

/** Finds the models of a plan. `model_invalid` where one is not the one that the plan was made for any more. */
export async function findModels(
  library: Pick<TenantModels, 'find' | 'ask'>,
  plan: GenerationPlan,
): Promise<PlanModels> {
  const bases = await Promise.all(passesOf(plan).map(async ({ model }) => await unchanged(library, findBase, model)));
  const controls = await Promise.all(
    plan.controls.map(async (control, index) => {
      const model = await library.find(findSteering, control.model.id);
      assertUnchanged(model, control.model.hash);
      const { source } = control;
      const encoder =
        source.kind === 'pictures' ? await unchanged(library, findImageEncoder, source.encoder) : undefined;
      return { index, plan: control, model, acts: modelKinds[model.kind].acts, encoder };
    }),
  );
  const loras = await Promise.all(
    (plan.loras ?? []).map(async (lora) => {
      const { scale, textEncoderScale, applied = 'merged' } = lora;
      const model = await unchanged(library, findLora, lora.model);
      return { plan: lora, work: { model, scale, textEncoderScale, applied } };
    }),
  );
  const words = await Promise.all(
    (plan.embeddings ?? []).map(async (word) => {
      const { id, hash } = word.model;
      const { name, bundled } = word;
      const model = await (bundled === undefined ? library.find(findEmbedding, id) : library.find(findLora, id));
      assertUnchanged(model, hash);
      return { plan: word, work: { name, model: { id, path: model.path, hash }, bundled: bundled ?? null } };
    }),
  );
  const autoencoder = {
    vae: plan.vae === undefined ? null : await unchanged(library, findVae, plan.vae),
    taesd: plan.taesd === undefined ? null : await unchanged(library, findTaesd, plan.taesd),
  };
  const network = plan.hires?.upscaler.model ?? null;
  const upscaler = network === null ? null : await unchanged(library, findUpscaler, network);
  return { bases, controls, loras, words, autoencoder, upscaler, preview: await previewWork(library, plan, bases[0]!) };
}

export async function unchanged<Model extends ModelReference>(
  library: Pick<TenantModels, 'find'>,
  find: Find<Model>,
  { id, hash }: ModelReference,
): Promise<Model> {
  const model = await library.find(find, id);
  assertUnchanged(model, hash);
  return model;
}

/** Previews are made with what is there when they are: nothing of them is kept. */
async function previewWork(
  library: Pick<TenantModels, 'ask'>,
  { preview }: GenerationPlan,
  base: BaseModel,
): Promise<PreviewWork | null> {
  if (preview === undefined) return null;
  return { every: preview.every, taesd: await library.ask((models) => fittingTaesd(base, models)) };
}

function assertUnchanged(model: { readonly id: string; readonly hash: string }, planned: string): void {
  if (model.hash === planned) return;
  throw new ArmatureError(
    'model_invalid',
    `Model "${model.id}" was replaced after this job was accepted: expected hash ${planned} but found ${model.hash}. Send the request again to draw with the new one.`,
  );
}
