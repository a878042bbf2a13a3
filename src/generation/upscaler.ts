import { pixelUpscaler, pixelUpscalerIds } from '../pixels/upscalers/registry.ts';
import { ArmatureError } from '../errors.ts';
import { nearestName } from '../text/nearest-name.ts';
import type { PlannedUpscaler } from './plan.ts';

/** The upscaler of an id that a request names at `field`. @throws ArmatureError `unknown_model` with the choices */
export function resolveUpscaler(id: string, field: string): PlannedUpscaler {
  if (pixelUpscaler(id) !== undefined) return { id, model: null };
  const choices = pixelUpscalerIds;
  const nearest = nearestName(id, choices);
  const hint = nearest === undefined ? `The choices are ${choices.join(', ')}.` : `Did you mean ${nearest}?`;
  const detail = `There is no upscaler ${JSON.stringify(id.slice(0, 100))}. ${hint}`;
  throw new ArmatureError('unknown_model', detail, { field, choices });
}
