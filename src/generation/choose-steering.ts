import { imagePrompt } from '../conditions/image-prompt.ts';
import { ArmatureError } from '../errors.ts';
import type { Size } from '../numeric/size.ts';
import { chooseControlNet } from './choose-controlnet.ts';
import { type AdapterModel, adapterMisfit } from './models/adapter.ts';
import type { BaseModel } from './models/base.ts';
import { misfit } from './models/controlnet.ts';
import { ipAdapterNoun } from './models/ip-adapter.ts';
import type { ModelList } from './models/model-list.ts';
import type { SteeringModel } from './models/steering.ts';
import type { ControlRequest } from './request/controls.ts';

/**
 * The model that a control is given to: the one it names, or else a ControlNet of its type (see chooseControlNet), or else a T2I-Adapter
 * of its type that fits. Throws as chooseControlNet does where there is neither, and `incompatible_control` where an adapter that is named
 * does not fit the base model. `sizes` are those at which it acts, by what their sides begin with in the request; `field` is the control's
 * path.
 */
export function chooseSteering(
  control: Pick<ControlRequest, 'type' | 'model' | 'mode'>,
  base: BaseModel,
  models: ModelList,
  sizes: ReadonlyMap<string, Size>,
  field: string,
): SteeringModel {
  refuseIpAdapter(control, models, field);
  const adapter = adapterOf(control, base, models, field);
  if (adapter === undefined) return chooseControlNet(control, base, models, field);
  for (const [path, size] of sizes) refuseOddSize(adapter, size, path);
  refuseGuess(adapter, control, `${field}.mode`);
  return adapter;
}

/** Undefined where it is not one that the control is given to. */
function adapterOf(
  { type, model: named }: Pick<ControlRequest, 'type' | 'model'>,
  base: BaseModel,
  { controlNets, adapters }: ModelList,
  field: string,
): AdapterModel | undefined {
  if (named !== undefined) {
    const adapter = adapters.find(({ id }) => id === named);
    const reason = adapter === undefined ? null : adapterMisfit(base, adapter);
    if (reason === null) return adapter;
    const fitting = [...controlNets.filter((model) => misfit(base, model) === null), ...fittingOf(base, adapters)];
    const detail = `${reason} Choose a T2I-Adapter or a base model of the same family.`;
    const choices = fitting.map(({ id }) => id);
    throw new ArmatureError('incompatible_control', detail, { field: `${field}.model`, choices });
  }
  const hasControlNet = controlNets.some((model) => model.type === type && misfit(base, model) === null);
  if (hasControlNet) return undefined;
  const ofType = fittingOf(base, adapters).filter((model) => model.type === type);
  return ofType.find(({ bundledWith }) => bundledWith === base.id) ?? ofType[0];
}

function fittingOf(base: BaseModel, adapters: readonly AdapterModel[]): readonly AdapterModel[] {
  return adapters.filter((model) => adapterMisfit(base, model) === null);
}

function refuseOddSize({ id, cell }: AdapterModel, size: Size, path: string): void {
  for (const side of ['width', 'height'] as const) {
    if (size[side] % cell === 0) continue;
    const field = `${path}${side}`;
    const detail = `Expected ${field} to be a multiple of ${cell} with the T2I-Adapter ${id} but it is ${size[side]}.`;
    throw new ArmatureError('invalid_request', detail, { field });
  }
}

/** An IP-Adapter takes no map. */
function refuseIpAdapter(
  { model: named }: Pick<ControlRequest, 'model'>,
  { ipAdapters }: ModelList,
  field: string,
): void {
  if (!ipAdapters.some(({ id }) => id === named)) return;
  const detail = `${named} is an ${ipAdapterNoun.noun}, which takes pictures and no map: it is for controls of type ${imagePrompt.id}.`;
  throw new ArmatureError('incompatible_control', detail, { field: `${field}.type`, choices: [imagePrompt.id] });
}

/** The guess mode of diffusers is one of the residuals of ControlNets. */
function refuseGuess({ id }: AdapterModel, { mode }: Pick<ControlRequest, 'mode'>, field: string): void {
  if (mode !== 'guess') return;
  const detail = `Expected the mode balanced, prompt or control with the T2I-Adapter ${id}: guess is for ControlNets.`;
  throw new ArmatureError('incompatible_control', detail, { field });
}
