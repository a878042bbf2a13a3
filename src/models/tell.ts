import { ArmatureError } from '../errors.ts';
import { type BaseModel, findBase } from '../generation/models/base.ts';
import { findControlNet, typesOf } from '../generation/models/controlnet.ts';
import type { AnyModel } from '../generation/models/kinds.ts';
import { findLora, type LoraModel } from '../generation/models/lora.ts';
import { allModels, type ModelList } from '../generation/models/model-list.ts';
import type { TaesdModel } from '../generation/models/taesd.ts';
import { findVae, type VaeModel } from '../generation/models/vae.ts';
import { resolveAutoencoder } from '../generation/resolve-autoencoder.ts';
import type { ToldPrediction } from '../schedulers/prediction-type.ts';
import { keptPrediction, type SamplingSaid } from './kinds/base/said.ts';
import { requireCondition } from './kinds/contract/typed.ts';
import { kindOf, modelKinds } from './kinds/kinds.ts';
import type { ModelLibrary } from './library.ts';

/* What an installation may say of its models. All of it is kept in DATA by {@link ModelLibrary.tell}. */

/**
 * Says which condition a ControlNet is for, and keeps it in DATA: `unknown_model`, or `unknown_condition` with the
 * choices.
 */
export async function setType(library: ModelLibrary, id: string, type: string): Promise<TypedModel> {
  requireCondition(type, library.conditions);
  refuseTypeOfUnion(await library.find(findTyped, id));
  return await library.tell<TypedModel>(kindOf(await library.find(findTyped, id)), findTyped, id, { type });
}

/** Says what a base model predicts, and keeps it in DATA; null takes back all that was set. Throws as {@link tell}. */
export async function setPrediction(
  library: ModelLibrary,
  id: string,
  told: ToldPrediction | null,
): Promise<BaseModel> {
  return await library.tell(modelKinds.base, findBase, id, told === null ? null : keptPrediction(told));
}

/** Says which autoencoder a base model is drawn with where a request names none, its own id for its own, and keeps it in DATA. `incompatible_autoencoder`, or as {@link tell}. */
export async function setVae(library: ModelLibrary, id: string, vae: string): Promise<BaseModel> {
  await library.ask((models) => resolveAutoencoder({ vae, decoder: 'vae' }, findBase(models, id, 'model'), models));
  return await library.tell(modelKinds.base, findBase, id, { vae });
}

/**
 * Says how a base model or a LoRA was made to draw in few steps, and of a base model what it is drawn with where a request leaves that open;
 * keeps it in DATA. `invalid_request` for what a LoRA has none of, or as {@link tell}.
 */
export async function setSampling(
  library: ModelLibrary,
  id: string,
  { distilled, ...defaults }: SamplingSaid,
): Promise<BaseModel | LoraModel> {
  const { loras } = await library.list();
  if (!loras.some((lora) => lora.id === id)) {
    return await library.tell(modelKinds.base, findBase, id, { distilled, ...defaults });
  }
  if (Object.keys(defaults).length === 0) return await library.tell(modelKinds.lora, findLora, id, { distilled });
  const detail = `${id} is a LoRA, which has no steps, guidance or scheduler of its own: say how it was distilled, and the rest in requests.`;
  throw new ArmatureError('invalid_request', detail, { field: Object.keys(defaults)[0] ?? 'steps' });
}

/** Says whose latents an autoencoder or a TAESD is for, `auto` alone for what its files say, and keeps it in DATA. `unknown_model` as {@link tell}. */
export async function setFits(
  library: ModelLibrary,
  id: string,
  names: readonly string[],
): Promise<VaeModel | TaesdModel> {
  if (names.length === 0) {
    throw new ArmatureError(
      'invalid_request',
      'Expected families or ids of base models, separated by commas, or auto.',
    );
  }
  const isAuto = names.length === 1 && names[0] === 'auto';
  return await library.tell(
    kindOf(await library.find(findForLatents, id)),
    findForLatents,
    id,
    isAuto ? null : { fits: names },
  );
}

/** A model that is for a condition. */
type TypedModel = Extract<AnyModel, { readonly type: string | null }>;

/** The model of an id among those that are for a condition; where there is none, as {@link findControlNet} says it. */
function findTyped(models: ModelList, id: string, field: string): TypedModel {
  const found = allModels(models).find((model) => model.id === id);
  return found !== undefined && 'type' in found ? found : findControlNet(models, id, field);
}

/** The model of an id among those that are for the latents of others; where there is none, as {@link findVae} says it. */
function findForLatents(models: ModelList, id: string, field: string): VaeModel | TaesdModel {
  return models.taesds.find((model) => model.id === id) ?? findVae(models, id, field);
}

function refuseTypeOfUnion(model: TypedModel): void {
  if (!('unionTypes' in model) || model.unionTypes === null) return;
  const types = typesOf(model)?.join(', ');
  const detail = `The ControlNet ${model.id} is a union, which takes maps of ${types}: each control says its own type. None can be set.`;
  throw new ArmatureError('invalid_request', detail, { field: 'type' });
}
