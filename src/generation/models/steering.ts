import { type AdapterModel, adapterMisfit } from './adapter.ts';
import { type IpAdapterModel, ipAdapterMisfit } from './ip-adapter.ts';
import type { BaseModel } from './base.ts';
import { type ControlNetModel, findControlNet, misfit } from './controlnet.ts';
import type { RejectedModel } from './model.ts';

/** A model that a control is given to. */
export type SteeringModel = ControlNetModel | AdapterModel | IpAdapterModel;

/** The models that controls are given to, and what cannot be used. */
interface SteeringModels {
  readonly controlNets: readonly ControlNetModel[];
  readonly adapters: readonly AdapterModel[];
  readonly ipAdapters: readonly IpAdapterModel[];
  readonly rejected: readonly RejectedModel[];
}

/** The model of an id that a control is given to; where there is none, as `findControlNet` says it. */
export function findSteering(models: SteeringModels, id: string, field: string): SteeringModel {
  const others = [...models.adapters, ...models.ipAdapters];
  return others.find((model) => model.id === id) ?? findControlNet(models, id, field);
}

/** Whether its network runs as the steps go on; that of any other runs once a pass. */
export function runsAtSteps(model: SteeringModel): boolean {
  return !('widths' in model || 'features' in model);
}

/** Why one does not fit a base model, as a sentence; null where it fits. */
export function steeringMisfit(base: BaseModel, model: SteeringModel): string | null {
  if ('widths' in model) return ipAdapterMisfit(base, model);
  return 'features' in model ? adapterMisfit(base, model) : misfit(base, model);
}
