import { ArmatureError } from '../errors.ts';

import type { BaseModel, ControlNetModel } from '../models/model.ts';
import { findControlNet, misfit, type ModelList } from './catalog.ts';

/**
 * The ControlNet of a control: the one it names, or else the one of the control's type that came with the base model, or
 * else any of that type that fits. Throws `unknown_model` where there is none, `incompatible_control` where its shapes
 * are not the base model's. `field` is the control's path.
 */
export function chooseControlNet(
  control: { readonly type: string; readonly model?: string | undefined },
  base: BaseModel,
  models: ModelList,
  field: string,
): ControlNetModel {
  if (control.model !== undefined) return namedControlNet(control.model, base, models, `${field}.model`);
  const ofType = models.controlNets.filter((model) => model.type === control.type);
  const fitting = ofType.filter((model) => misfit(base, model) === null);
  const chosen = fitting.find((model) => model.bundledWith === base.id) ?? fitting[0];
  if (chosen !== undefined) return chosen;
  if (ofType[0] !== undefined) throw incompatible(ofType[0], base, models, `${field}.type`);
  throw missing(control.type, base, models, `${field}.type`);
}

function namedControlNet(id: string, base: BaseModel, models: ModelList, field: string): ControlNetModel {
  const model = findControlNet(models, id, field);
  if (misfit(base, model) !== null) throw incompatible(model, base, models, field);
  return model;
}

function incompatible(model: ControlNetModel, base: BaseModel, models: ModelList, field: string): ArmatureError {
  const choices = fittingControlNets(base, models).map((choice) => choice.id);
  const detail = `${misfit(base, model)} Choose a ControlNet or a base model of the same family.`;
  return new ArmatureError('incompatible_control', detail, { field, choices });
}

function missing(type: string, base: BaseModel, models: ModelList, field: string): ArmatureError {
  const fitting = fittingControlNets(base, models);
  const types = [...new Set(fitting.flatMap((model) => (model.type === null ? [] : [model.type])))];
  const untyped = fitting.filter((model) => model.type === null).map((model) => model.id);
  const known = types.length === 0 ? 'There is none of a known type.' : `There is one for ${types.join(', ')}.`;
  const named =
    untyped.length === 0 ? '' : ` One whose type nobody has set can be named as model: ${untyped.join(', ')}.`;
  const detail = `There is no ControlNet for ${type} that fits the base model ${base.id}. ${known}${named}`;
  return new ArmatureError('unknown_model', detail, { field, choices: types });
}

function fittingControlNets(base: BaseModel, models: ModelList): readonly ControlNetModel[] {
  return models.controlNets.filter((model) => misfit(base, model) === null);
}
