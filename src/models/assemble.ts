import { basename } from 'node:path';
import type { AnyModel } from '../generation/models/kinds.ts';
import { type ModelList, modelList } from '../generation/models/model-list.ts';
import type { OwnedModel, RejectedModel } from '../generation/models/model.ts';
import type { Found } from './finding.ts';
import { kindOf } from './kinds/kinds.ts';
import type { Overlay } from './overlay.ts';

/**
 * One listing of what was found in all folders, in their order: where two have one id the first stays, and a base model
 * that goes takes the models of its folder with it. What the installation says of one goes before its armature.json.
 */
export function assemble(found: readonly Found[], overlay: Overlay, conditions: readonly string[]): ModelList {
  const models = new Map<string, AnyModel>();
  const rejected: RejectedModel[] = [];
  for (const { finding, preview } of found) {
    rejected.push(...finding.rejected);
    for (const [index, model] of finding.models.entries()) {
      const first = models.get(model.id);
      // The first of a finding is that of the folder, or the file, itself.
      const shown = index === 0 && preview !== undefined ? { preview } : {};
      if (first === undefined) models.set(model.id, { ...withTold(model, overlay), ...shown });
      else rejected.push(clash(model, first));
      if (first !== undefined && index === 0) break;
    }
  }
  for (const model of models.values()) {
    const fault = kindOf(model).fault?.(model, conditions) ?? null;
    if (fault === null) continue;
    models.delete(model.id);
    rejected.push({ id: model.id, ...fault, ...ownedAs(model) });
  }
  return modelList([...models.values()].toSorted(byId), rejected.toSorted(byId));
}

function withTold(model: AnyModel, overlay: Overlay): AnyModel {
  const { told } = kindOf(model);
  const said = overlay.get(told?.list ?? '')?.get(model.id);
  return said === undefined ? model : (told?.put?.(model, said) ?? model);
}

function clash(model: AnyModel, first: AnyModel): RejectedModel {
  const detail =
    `${basename(model.path)} has the id "${model.id}", which ${basename(first.path)} in an earlier place has already. ` +
    'Rename one, or give it an id of its own in armature.json.';
  return { id: model.id, code: 'conflict', detail, ...ownedAs(model) };
}

function ownedAs({ owner }: AnyModel): Partial<OwnedModel> {
  return owner === null ? {} : { owner };
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : Number(a.id > b.id);
}
