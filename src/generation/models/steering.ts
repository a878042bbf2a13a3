import type { AdapterModel } from './adapter.ts';
import type { ControlNetModel } from './controlnet.ts';

/** A model that a control is given to. */
export type SteeringModel = ControlNetModel | AdapterModel;
