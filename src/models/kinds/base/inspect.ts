import { basename, join } from 'node:path';
import { z } from 'zod';
import { crossAttentions, deepShares, featurePlaces } from '../../../graph/compiler/index.ts';
import { taskOf } from '../../../graph/task.ts';
import type { BaseModel } from '../../../generation/models/base.ts';
import { openBaseCheckpoint } from '../../../weights/checkpoint.ts';
import { hasEncoder } from '../../../weights/complete.ts';
import { isRefiner } from '../../../weights/configs/added-config.ts';
import { readConfig } from '../../../weights/configs/raw-config.ts';
import { exists } from '../../../weights/layouts/layout.ts';
import { modelDefaults } from './defaults.ts';
import { requireUsableBase } from './usable.ts';
import type { SafetensorsFile } from '../../../weights/safetensors/safetensors.ts';
import type { Given } from '../contract/kind.ts';
import { distilledWitnesses, saidVae, witnesses } from './said.ts';

/** A diffusers folder or a single file. Throws as its parts do where the first picture would fail. */
export async function inspectBase(path: string, given: Given, file: SafetensorsFile | null): Promise<BaseModel> {
  const checkpoint = await openBaseCheckpoint(
    path,
    { told: witnesses(given), toldDistilled: distilledWitnesses(given) },
    file ?? undefined,
  );
  const { layout, family, hash, textEncoders, prediction, distilled, unet, vae } = checkpoint;
  const schedule = await requireUsableBase(checkpoint, basename(path));
  const textLayers = Math.min(...textEncoders.map(({ config }) => config.layers));
  const sampled = layout === 'diffusers' ? await sampleSize(path) : null;
  const defaults = modelDefaults(given, family, sampled, checkpoint);
  const latentScale = 2 ** (vae.config.blockChannels.length - 1);
  return {
    kind: 'base',
    id: given.id,
    title: given.title,
    licence: given.licence,
    owner: null,
    hash,
    family,
    path,
    layout,
    textLayers,
    added:
      unet.config.added === null
        ? null
        : {
            textWidth: textEncoders[0].config.hiddenSize,
            zeroNegative: await zeroesNegative(path, layout),
            refines: isRefiner(unet.config),
          },
    task: taskOf(unet.config.inChannels, vae.config.latentChannels) ?? 'drawing',
    prediction,
    ...(unet.config.guidanceWidth === undefined ? {} : { embedsGuidance: true }),
    distilled,
    schedule,
    latentScale,
    scalingFactor: vae.config.scalingFactor,
    featurePlaces: featurePlaces(unet.config).map(({ channels, downscale }) => ({
      channels,
      pixels: latentScale * downscale,
    })),
    crossAttentions: crossAttentions(unet.config).map(({ width }) => width),
    deepShares: deepShares(unet),
    ...(hasEncoder(checkpoint) ? {} : { drawsOver: false }),
    vae: saidVae(given),
    defaults,
  };
}

/** Whether a pipeline zeroes an absent negative prompt: model_index.json says it, and diffusers' default is that it does. */
async function zeroesNegative(path: string, layout: BaseModel['layout']): Promise<boolean> {
  const index = join(path, 'model_index.json');
  if (layout !== 'diffusers' || !(await exists(index))) return true;
  return (await readConfig(index))['force_zeros_for_empty_prompt'] !== false;
}

/** Side of the latents that the network was trained on, where its config says it: a whole number or nothing. */
async function sampleSize(folder: string): Promise<number | null> {
  const config = await readConfig(join(folder, 'unet', 'config.json'));
  return z.object({ sample_size: z.int().positive() }).safeParse(config).data?.sample_size ?? null;
}
