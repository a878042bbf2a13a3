import { ArmatureError } from '../errors.ts';
import type { ModelList } from './catalog.ts';
import { findLora, loraMisfit } from './loras.ts';
import type { BaseModel, LoraModel } from './model.ts';
import type { PlannedLora } from './plan.ts';
import type { LoraRequest } from './request.ts';

/**
 * Settles the LoRAs of a request, in its order. `unknown_model` for an id that is none, `incompatible_lora` for one whose header says that
 * it was trained for another family than `base`, `invalid_request` for one that is named twice.
 */
export function resolveLoras(
  requests: readonly LoraRequest[],
  base: BaseModel,
  models: ModelList,
): readonly PlannedLora[] {
  const named = new Map<string, number>();
  return requests.map(({ model: id, scale, text_encoder_scale: textEncoderScale = scale }, index) => {
    const field = `loras[${index}].model`;
    const model = fittingLora(id, base, models, field);
    const first = named.get(id);
    if (first !== undefined) throw twice(id, first, field);
    named.set(id, index);
    return { model: { id, hash: model.hash }, scale, textEncoderScale };
  });
}

function fittingLora(id: string, base: BaseModel, models: ModelList, field: string): LoraModel {
  refuseOtherKinds(id, models, field);
  const model = findLora(models, id, field);
  const misfit = loraMisfit(base, model);
  if (misfit === null) return model;
  const choices = fittingLoras(base, models);
  const basesThatFit = models.bases.filter((other) => loraMisfit(other, model) === null).map((other) => other.id);
  const hint =
    basesThatFit.length === 0
      ? 'No base model that is here fits it.'
      : `It fits ${basesThatFit.slice(0, mostNamed).join(', ')}.`;
  throw new ArmatureError('incompatible_lora', `${misfit} ${hint}`, { field, choices });
}

/** Ids of the LoRAs that nothing known speaks against. */
export function fittingLoras(base: BaseModel, { loras }: ModelList): readonly string[] {
  return loras.filter((lora) => loraMisfit(base, lora) === null).map(({ id }) => id);
}

/** Base models that a message names. */
const mostNamed = 5;

/** A model of another kind is there, so that "there is none" would be no help. */
function refuseOtherKinds(id: string, { bases, controlNets, loras }: ModelList, field: string): void {
  const isOf = (models: readonly { readonly id: string }[]): boolean => models.some((model) => model.id === id);
  if (isOf(loras) || !(isOf(bases) || isOf(controlNets))) return;
  const [kind, place] = isOf(bases) ? ['base model', 'model'] : ['ControlNet', 'controls[].model'];
  const detail = `${id} is a ${kind} and no LoRA: it is named as ${place}.`;
  throw new ArmatureError('unknown_model', detail, { field, choices: loras.map((lora) => lora.id) });
}

function twice(id: string, first: number, field: string): ArmatureError {
  const detail = `Expected each LoRA once but received ${id} as loras[${first}] already: write one scale for both.`;
  return new ArmatureError('invalid_request', detail, { field });
}
