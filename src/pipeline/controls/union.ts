import type { ControlNetModel } from '../../generation/models/controlnet.ts';
import type { PictureNetworks, SteeringSource } from '../networks/networks.ts';
import { controlWeights } from './control-weights.ts';
import { type ControlWork, inputsTogether } from './control-work.ts';
import { mapTensor } from './map-tensor.ts';
import { type HintPart, type ResidualControl, sumOfHints } from './sample-control.ts';

/**
 * Makes controls ready that one run of a union ControlNet takes, each with the type of its map. One alone acts as an ordinary ControlNet
 * does, its residuals multiplied by its scale; of several each hint is multiplied by its own (diffusers), so that one of scale 0, or
 * outside its window while another's is open, still is one of the types. They have one mode, run at the same steps and have no regions but that of the picture that is drawn on.
 */
export async function prepareUnion(
  works: readonly ControlWork<ControlNetModel>[],
  networks: SteeringSource,
  base: PictureNetworks,
): Promise<ResidualControl> {
  const isOne = works.length === 1;
  const [{ plan, model }] = works as readonly [ControlWork<ControlNetModel>];
  const parts: HintPart[] = [];
  const types = new Float32Array(model.unionTypes ?? 0);
  let network = '';
  for (const { plan: own, inputs: of } of works) {
    const { key, networks: controlNet, unionType } = await networks.openControlNet(model, own.type);
    const type = unionType ?? 0;
    network = key;
    types[type] = 1;
    const { data: hint } = await controlNet.encodeHint(mapTensor(of.map, 0), { type, scale: isOne ? 1 : own.scale });
    parts.push({ hint, start: own.start, end: own.end });
  }
  const acts = works.some((work) => work.plan.scale !== 0);
  const scale = isOne ? plan.scale : 1;
  return {
    acts: 'residuals',
    network,
    every: plan.every ?? 1,
    types,
    hint: sumOfHints(parts),
    ...(isOne ? { start: plan.start, end: plan.end } : { start: 0, end: 1, parts }),
    weights: controlWeights(plan.mode, acts ? scale : 0, base.injectionPoints),
    inputs: inputsTogether(works),
  };
}
