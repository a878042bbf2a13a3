import { basename } from 'node:path';
import { ArmatureError } from '../errors.ts';
import type { ModelList } from '../generation/catalog.ts';
import type { RejectedModel } from '../generation/model.ts';
import type { AnyModel, Finding } from './finding.ts';

/**
 * One listing of what was found in all folders, in their order: where two have one id the first stays, and a base model
 * that goes takes the ControlNets of its folder with it. `types` are those that the installation set; they go before
 * those of armature.json.
 */
export function assemble(
  findings: readonly Finding[],
  types: ReadonlyMap<string, string>,
  conditions: readonly string[],
): ModelList {
  const models = new Map<string, AnyModel>();
  const rejected: RejectedModel[] = [];
  for (const finding of findings) {
    rejected.push(...finding.rejected);
    for (const model of finding.models) {
      const first = models.get(model.id);
      if (first === undefined) models.set(model.id, withType(model, types));
      else rejected.push(clash(model, first));
      if (first !== undefined && model.kind === 'base') break;
    }
  }
  for (const model of models.values()) {
    if (model.kind !== 'controlnet' || model.type === null || isType(model.type)) continue;
    models.delete(model.id);
    const detail = `Expected a condition (${conditions.join(', ')}) or a name of at most 40 letters a-z, digits, "_" and "-" as the type but received "${model.type}".`;
    rejected.push({ id: model.id, code: 'unknown_condition', detail });
  }
  return sorted([...models.values()], rejected);
}

/** `unknown_condition` with the choices where a type that somebody sets by hand is none of the known ones: it may be a slip. */
export function requireCondition(type: string, conditions: readonly string[]): void {
  if (conditions.includes(type)) return;
  const detail = `Expected a condition (${conditions.join(', ')}) as the type but received "${type}".`;
  throw new ArmatureError('unknown_condition', detail, { field: 'type', choices: conditions });
}

/** A type may be no condition of this version: its ControlNet then takes ready-made maps only. */
function isType(type: string): boolean {
  return /^[a-z0-9_-]{1,40}$/.test(type);
}

function withType(model: AnyModel, types: ReadonlyMap<string, string>): AnyModel {
  const type = types.get(model.id);
  return model.kind !== 'controlnet' || type === undefined ? model : { ...model, type };
}

function clash(model: AnyModel, first: AnyModel): RejectedModel {
  const detail =
    `${basename(model.path)} has the id "${model.id}", which ${basename(first.path)} in an earlier place has already. ` +
    'Rename one, or give it an id of its own in armature.json.';
  return { id: model.id, code: 'conflict', detail };
}

function sorted(models: readonly AnyModel[], rejected: readonly RejectedModel[]): ModelList {
  const byId = (a: { readonly id: string }, b: { readonly id: string }) => (a.id < b.id ? -1 : Number(a.id > b.id));
  const usable = models.toSorted(byId);
  return {
    bases: usable.filter((model) => model.kind === 'base'),
    controlNets: usable.filter((model) => model.kind === 'controlnet'),
    loras: usable.filter((model) => model.kind === 'lora'),
    rejected: rejected.toSorted(byId),
  };
}
