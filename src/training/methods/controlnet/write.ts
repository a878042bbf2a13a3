import { join } from 'node:path';
import type { TrainedControlNet } from '../../../generation/kinds/training/trained/controlnet.ts';
import { writeAnew } from '../../../files/atomic-write.ts';
import { writeControlNetConfig } from '../../../weights/configs/write-controlnet-config.ts';
import { ldmUNetNames } from '../../../weights/key-maps/ldm-unet-names.ts';
import { newControlNet } from '../../../weights/layouts/new-controlnet.ts';
import { writeSafetensors } from '../../../weights/safetensors/write-safetensors.ts';
import type { TrainingResult } from '../contract/training-result.ts';

/**
 * Makes the folder a ControlNet in the layout of diffusers, which the library reads with its condition, and puts into it the same as one file with the names of the
 * original code, which other programs want: `<name>.safetensors`. Binary16.
 */
export async function writeControlNet(
  folder: string,
  { plan, base, weights }: TrainingResult,
  { condition, hint }: Pick<TrainedControlNet, 'condition' | 'hint'>,
): Promise<readonly string[]> {
  const { config } = newControlNet(base.unet, hint).part;
  const network = join(folder, 'diffusion_pytorch_model.safetensors');
  await writeSafetensors(network, weights, { format: 'F16', metadata: { format: 'pt' } });
  const settings = join(folder, 'config.json');
  await writeAnew(settings, json(writeControlNetConfig(config)));
  const manifest = { schema: 1, id: plan.name, controlnets: [{ path: '.', type: condition }] };
  await writeAnew(join(folder, 'armature.json'), json(manifest));
  const single = join(folder, `${plan.name}.safetensors`);
  const originalOf = ldmUNetNames(new Set([...weights.keys()].map(moduleOf)));
  const renamed = [...weights].map(([name, tensor]) => {
    const module = moduleOf(name);
    return [`${originalOf(module) ?? module}${name.slice(module.length)}`, tensor] as const;
  });
  await writeSafetensors(single, new Map(renamed), { format: 'F16' });
  return [settings, network, single];
}

function moduleOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.'));
}

function json(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
