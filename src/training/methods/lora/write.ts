import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { branchInputs } from '../../../graph/layers/branch.ts';
import { diffusersTensors, kohyaNames, kohyaTensors, type LayerFactors } from '../../../weights/lora/write-lora.ts';
import { loraTextsOf } from '../../../weights/lora/write-lora-texts.ts';
import { writeSafetensors } from '../../../weights/safetensors/write-safetensors.ts';
import type { TrainingResult } from '../contract/training-result.ts';

/**
 * Writes a LoRA as `<name>.safetensors` in the manner of kohya's trainer, which all programs read, and as diffusers'
 * `pytorch_lora_weights.safetensors` in a folder of its own, since that file goes by its folder's name. Binary16.
 */
export async function writeLora(
  folder: string,
  { plan, base, weights, facts }: TrainingResult,
  { rank, alpha }: { readonly rank: number; readonly alpha: number },
): Promise<readonly string[]> {
  const layers = new Map<string, LayerFactors>();
  for (const [name, down] of weights) {
    const layer = name.slice(0, -branchInputs.down.length);
    const up = weights.get(`${layer}${branchInputs.up}`);
    if (name.endsWith(branchInputs.down) && up !== undefined) layers.set(layer, { down, up });
  }
  const modules = new Set([...base.unet.weights.keys()].map((name) => name.slice(0, name.lastIndexOf('.'))));
  const named = kohyaNames(modules, base.unet.config.added !== null);
  const { width, height } = plan.resolution;
  const metadata = loraTextsOf({
    ...plan,
    ...facts,
    base: plan.base.id,
    family: base.family,
    prediction: base.prediction.type,
    title: plan.name,
    licence: facts.baseLicence,
    rank,
    alpha,
    resolution: `${width}x${height}`,
  });
  const kohya = join(folder, `${plan.name}.safetensors`);
  await writeSafetensors(kohya, kohyaTensors({ layers, alpha }, named), { format: 'F16', metadata });
  const own = join(folder, `${plan.name}-diffusers`);
  await mkdir(own, { recursive: true });
  const diffusers = join(own, 'pytorch_lora_weights.safetensors');
  await writeSafetensors(diffusers, diffusersTensors({ layers, alpha }), { format: 'F16', metadata: { format: 'pt' } });
  return [kohya, diffusers];
}
