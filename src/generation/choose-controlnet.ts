import { conditionOf } from '../conditions/registry.ts';
import { ArmatureError } from '../errors.ts';

import type { BaseModel } from './models/base.ts';
import type { ControlNetModel } from './models/controlnet.ts';
import { findControlNet, lacksType, misfit, typesOf } from './models/controlnet.ts';
import type { ModelList } from './models/model-list.ts';

/**
 * The ControlNet of a control: the one it names, or else the one of the control's type that came with the base model, or
 * else any of that type that fits, the tenant's own before others, one for it alone before a union. Throws `unknown_model` where there is none,
 * `incompatible_control` where its shapes are not the base model's or it is a union without that type. `field` is the control's path.
 */
export function chooseControlNet(
  control: { readonly type: string; readonly model?: string | undefined },
  base: BaseModel,
  models: ModelList,
  field: string,
): ControlNetModel {
  if (control.model !== undefined) return namedControlNet(control.model, control.type, base, models, field);
  const ofType = models.controlNets
    .filter((model) => typesOf(model)?.includes(control.type) === true)
    .toSorted((a, b) => Number(a.unionTypes !== null) - Number(b.unionTypes !== null));
  const fitting = ofType.filter((model) => misfit(base, model) === null);
  const chosen =
    fitting.find((model) => model.bundledWith === base.id) ?? fitting.find(({ owner }) => owner !== null) ?? fitting[0];
  if (chosen !== undefined) return chosen;
  throw missing(control.type, ofType, base, models, field);
}

function namedControlNet(id: string, type: string, base: BaseModel, models: ModelList, field: string): ControlNetModel {
  const model = findControlNet(models, id, `${field}.model`);
  if (misfit(base, model) !== null) throw incompatible(model, base, models, `${field}.model`);
  if (lacksType(model, type)) throw withoutType(model, type, base, models, field);
  return model;
}

/** A union that has no type for a control, and who has. */
function withoutType(
  model: ControlNetModel,
  type: string,
  base: BaseModel,
  models: ModelList,
  field: string,
): ArmatureError {
  const choices = fittingControlNets(base, models)
    .filter((other) => typesOf(other)?.includes(type) === true)
    .map(({ id }) => id);
  const more = conditionOf(type).unionType === undefined ? 'No union has.' : 'Unions of more types (promax) have.';
  const others = choices.length === 0 ? more : `Choose ${choices.join(' or ')}.`;
  const detail =
    `The union ControlNet ${model.id} has no type for ${type}: of its ${model.unionTypes} types are ` +
    `${(typesOf(model) ?? []).join(', ')}. ${others}`;
  return new ArmatureError('incompatible_control', detail, { field: `${field}.type`, choices });
}

function incompatible(model: ControlNetModel, base: BaseModel, models: ModelList, field: string): ArmatureError {
  const choices = fittingControlNets(base, models).map((choice) => choice.id);
  const detail = `${misfit(base, model)} Choose a ControlNet or a base model of the same family.`;
  return new ArmatureError('incompatible_control', detail, { field, choices });
}

/** There is none of `type` that fits; `ofType` are those that do not. One that nobody has set the type of may be meant. */
function missing(
  type: string,
  ofType: readonly ControlNetModel[],
  base: BaseModel,
  models: ModelList,
  field: string,
): ArmatureError {
  const fitting = fittingControlNets(base, models);
  const untyped = fitting.filter((model) => typesOf(model) === null).map((model) => model.id);
  const none = `There is no ControlNet for ${type} that fits the base model ${base.id}.`;
  const [other] = ofType;
  if (other !== undefined) {
    const { message, choices = [] } = incompatible(other, base, models, field);
    const detail = untyped.length === 0 ? message : `${none}${remedy(untyped, type, field)} ${message}`;
    return new ArmatureError('incompatible_control', detail, { field: `${field}.type`, choices });
  }
  const types = [...new Set(fitting.flatMap((model) => typesOf(model) ?? []))];
  const known = types.length === 0 ? 'There is none of a known type.' : `There is one for ${types.join(', ')}.`;
  const detail = `${none} ${known}${remedy(untyped, type, field)}`;
  return new ArmatureError('unknown_model', detail, { field: `${field}.type`, choices: types });
}

/** How to say what ControlNets without a type are for; the one whose name says `type` first. */
function remedy(untyped: readonly string[], type: string, field: string): string {
  const sorted = untyped.toSorted((a, b) => Number(b.includes(type)) - Number(a.includes(type)));
  const [first] = sorted;
  if (first === undefined) return '';
  const whose =
    sorted.length === 1
      ? `${first} fits, but nobody has said what it is for`
      : `${sorted.join(', ')} fit, but nobody has said what they are for`;
  return ` ${whose}: run \`armature models set-type ${first} ${type}\`, or name it as ${field}.model.`;
}

function fittingControlNets(base: BaseModel, models: ModelList): readonly ControlNetModel[] {
  return models.controlNets.filter((model) => misfit(base, model) === null);
}
