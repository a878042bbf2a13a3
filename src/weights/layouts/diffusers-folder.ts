import { join, resolve } from 'node:path';
import type { NetworkPart } from '../../graph/weights.ts';
import { parseControlNetConfig } from '../configs/controlnet-config.ts';
import { configSource, type ConfigSource, type RawConfig, readConfig } from '../configs/raw-config.ts';
import { parseTextEncoderConfig } from '../configs/text-encoder-config.ts';
import { parseUNetConfig } from '../configs/unet-config.ts';
import { parseVaeConfig } from '../configs/vae-config.ts';
import { predictionSettings, stableDiffusionSchedule } from '../configs/stable-diffusion-schedule.ts';
import { assumedPrediction } from '../prediction/assumed-prediction.ts';
import { decidePrediction, markersOf, saidSwitch, saidType, type Witness } from '../prediction/prediction.ts';
import { familyOf } from '../../graph/family.ts';
import { fingerprint } from '../safetensors/fingerprint.ts';
import { clipRules } from '../key-maps/clip.ts';
import { oldVaeAttentionRules } from '../key-maps/ldm-vae.ts';
import type { RenameRule } from '../key-maps/rename.ts';
import type { Prediction } from '../../schedulers/prediction-type.ts';
import type { SafetensorsFile } from '../safetensors/safetensors.ts';
import { openNetworkFolder } from '../safetensors/weight-files.ts';
import { folderOf, sameNames, weightsOf } from './weights.ts';
import { type BaseCheckpoint, type BaseOverrides, type ControlNetCheckpoint, exists } from './layout.ts';

/** Whether a folder with a config.json is a ControlNet's. */
export async function isControlNetFolder(folder: string): Promise<boolean> {
  const config = await readConfig(join(folder, 'config.json'));
  return 'conditioning_embedding_out_channels' in config || 'controlnet_conditioning_channel_order' in config;
}

/** A folder with unet, vae, text_encoder, and perhaps scheduler and tokenizer. */
export async function openBaseFolder(folder: string, overrides: BaseOverrides): Promise<BaseCheckpoint> {
  const unet = await openNetwork(join(folder, 'unet'), parseUNetConfig, sameNames, overrides.unet);
  const vae = await openNetwork(join(folder, 'vae'), parseVaeConfig, oldVaeAttentionRules, overrides.vae);
  const textEncoder = await openNetwork(
    join(folder, 'text_encoder'),
    parseTextEncoderConfig,
    clipRules,
    overrides.textEncoder,
  );
  const scheduler = join(folder, 'scheduler', 'scheduler_config.json');
  const tokenizer = resolve(folder, 'tokenizer');
  const given = (await exists(scheduler)) ? await readConfig(scheduler) : null;
  const [said, usual] = given === null ? [[], []] : schedulerWitnesses(given);
  const witnesses = [...(overrides.told ?? []), ...said, ...unet.files.flatMap(markersOf), ...usual];
  const prediction = await decidePrediction(witnesses, async () => await assumedPrediction(unet.part));
  const schedulerConfig = {
    ...(given ?? stableDiffusionSchedule),
    ...(given !== null && says(given, prediction) ? {} : predictionSettings(prediction)),
    ...overrides.scheduler,
  };
  const networks = [unet, vae, textEncoder];
  return {
    layout: 'diffusers',
    unet: unet.part,
    vae: vae.part,
    textEncoder: textEncoder.part,
    schedulerConfig,
    prediction,
    tokenizerFolder: (await exists(tokenizer)) ? tokenizer : null,
    family: familyOf(unet.part.config, vae.part.config.latentChannels),
    hash: await fingerprint(
      networks.flatMap((network) => network.files),
      [...networks.map((network) => network.part.config), schedulerConfig],
    ),
  };
}

/** A folder with config.json and the weights beside it. */
export async function openControlNetFolder(folder: string, overrides: RawConfig): Promise<ControlNetCheckpoint> {
  const { part, files } = await openNetwork(folder, parseControlNetConfig, sameNames, overrides);
  return {
    layout: 'diffusers',
    controlnet: part,
    family: familyOf(part.config, part.config.inChannels),
    hash: await fingerprint(files, [part.config]),
  };
}

/** Whether a scheduler_config.json says just that. */
function says(config: RawConfig, { type, zeroSnr }: Prediction): boolean {
  return (config['prediction_type'] ?? 'epsilon') === type && (config['rescale_betas_zero_snr'] ?? false) === zeroSnr;
}

/** What a scheduler_config.json says; and what diffusers takes where it has no prediction_type, which counts less than a marker. */
function schedulerWitnesses(config: RawConfig): readonly [said: readonly Witness[], usual: readonly Witness[]] {
  const from = { by: 'config', source: 'scheduler/scheduler_config.json' } as const;
  const type = saidType(config['prediction_type'], 'prediction_type', from.source);
  const zeroSnr = saidSwitch(config['rescale_betas_zero_snr'] ?? '');
  return [[{ ...from, ...type, zeroSnr }], [{ ...from, type: 'epsilon', silent: true }]];
}

interface OpenedNetwork<Config> {
  readonly part: NetworkPart<Config>;
  readonly files: readonly SafetensorsFile[];
}

async function openNetwork<Config>(
  folder: string,
  parse: (raw: RawConfig, source: ConfigSource) => Config,
  rules: readonly RenameRule[],
  overrides: RawConfig = {},
): Promise<OpenedNetwork<Config>> {
  const path = join(folder, 'config.json');
  const config = parse({ ...(await readConfig(path)), ...overrides }, configSource(path));
  const files = await openNetworkFolder(folder);
  return { part: { config, weights: weightsOf(files, rules), weightsFolder: folderOf(files) }, files };
}
