import { nearestName } from '../../text/nearest-name.ts';
import { ArmatureError } from '../../errors.ts';
import type { RejectedModel } from './model.ts';

/** The model of an id among those of its kind, which messages call `what`. */
export function findModel<Model extends { readonly id: string }>(
  models: readonly Model[],
  rejected: readonly RejectedModel[],
  id: string,
  field: string,
  what: string,
): Model {
  const found = models.find((model) => model.id === id);
  if (found !== undefined) return found;
  const refused = rejected.find((model) => model.id === id);
  if (refused !== undefined) {
    throw new ArmatureError('model_invalid', `The ${what} ${id} cannot be used: ${refused.detail}`, { field });
  }
  const choices = models.map((model) => model.id);
  const shown = JSON.stringify(id.slice(0, 100));
  const detail = `There is no ${what} ${shown}. ${suggestion(id, choices)}`;
  throw new ArmatureError('unknown_model', detail, { field, choices });
}

function suggestion(id: string, choices: readonly string[]): string {
  if (choices.length === 0) return 'There is none at all yet.';
  const nearest = nearestName(id, choices);
  return nearest === undefined ? `The choices are ${choices.join(', ')}.` : `Did you mean ${nearest}?`;
}
