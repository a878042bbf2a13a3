import { basename, join, resolve } from 'node:path';
import type { TextEncoderConfig } from '../../graph/configs.ts';
import type { NetworkPart } from '../../graph/weights.ts';
import { parseControlNetConfig } from '../configs/controlnet-config.ts';
import { fingerprintedEncoder, fingerprintedText } from '../configs/fingerprinted.ts';
import { configSource, type ConfigSource, type RawConfig, readConfig } from '../configs/raw-config.ts';
import { parseT2iAdapterConfig } from '../configs/t2i-adapter-config.ts';
import { parseTextEncoderConfig } from '../configs/text-encoder-config.ts';
import { parseUNetConfig } from '../configs/unet-config.ts';
import { parseVaeConfig } from '../configs/vae-config.ts';
import { predictionSettings, stableDiffusionSchedule } from '../configs/stable-diffusion-schedule.ts';
import { assumedPrediction } from '../prediction/assumed-prediction.ts';
import { classWitness, decideDistilled, distilledSpacing } from '../prediction/distilled.ts';
import { decidePrediction, markersOf, saidSwitch, saidType, type Witness } from '../prediction/prediction.ts';
import { familyOf } from '../../graph/family.ts';
import { fingerprint } from '../safetensors/fingerprint.ts';
import { clipRules, projectedClipRules } from '../key-maps/clip.ts';
import { oldVaeAttentionRules } from '../key-maps/ldm-vae.ts';
import type { RenameRule } from '../key-maps/rename.ts';
import type { Prediction } from '../../schedulers/prediction-type.ts';
import type { SafetensorsFile } from '../safetensors/safetensors.ts';
import { openNetworkFolder } from '../safetensors/weight-files.ts';
import { folderOf, sameNames, weightsOf } from './weights.ts';
import { pooledBy } from './pooled-by.ts';
import { usualTokenizer } from './usual-tokenizer.ts';
import {
  type BaseCheckpoint,
  type BaseOverrides,
  type ControlNetCheckpoint,
  exists,
  type T2iAdapterCheckpoint,
  type TextEncoderPart,
} from './layout.ts';

/** A folder with unet, vae, text_encoder, and perhaps scheduler and tokenizer. */
export async function openBaseFolder(folder: string, overrides: BaseOverrides): Promise<BaseCheckpoint> {
  const unet = await openNetwork(join(folder, 'unet'), parseUNetConfig, sameNames, overrides.unet);
  const vae = await openNetwork(join(folder, 'vae'), parseVaeConfig, oldVaeAttentionRules, overrides.vae);
  const encoders = await openTextEncoders(folder, overrides);
  const textEncoders = encoders.map(({ part }) => part) as [TextEncoderPart, ...TextEncoderPart[]];
  const unetPart = pooledBy(textEncoders, unet.part, basename(folder));
  const scheduler = join(folder, 'scheduler', 'scheduler_config.json');
  const given = (await exists(scheduler)) ? await readConfig(scheduler) : null;
  const [said, usual] = given === null ? [[], []] : schedulerWitnesses(given);
  const witnesses = [...(overrides.told ?? []), ...said, ...unet.files.flatMap(markersOf), ...usual];
  const prediction = await decidePrediction(witnesses, async () => await assumedPrediction(unet.part));
  const index = join(folder, 'model_index.json');
  const pipeline = (await exists(index)) ? await readConfig(index) : null;
  const configs = [classWitness(pipeline, 'model_index.json'), classWitness(given, 'scheduler/scheduler_config.json')];
  const distilled = decideDistilled([...(overrides.toldDistilled ?? []), ...configs], unet.part.config);
  const schedulerConfig = {
    ...(given ?? stableDiffusionSchedule),
    ...distilledSpacing(distilled, given ?? {}),
    ...(given !== null && says(given, prediction) ? {} : predictionSettings(prediction)),
    ...overrides.scheduler,
  };
  return {
    layout: 'diffusers',
    unet: unetPart,
    vae: vae.part,
    textEncoders,
    schedulerConfig,
    prediction,
    distilled,
    family: familyOf(unet.part.config, vae.part.config.latentChannels),
    hash: await fingerprint(
      [unet, vae, ...encoders].flatMap(({ files }) => files),
      [
        fingerprintedEncoder(unetPart.config),
        vae.part.config,
        ...textEncoders.map(({ config }) => fingerprintedText(config)),
        schedulerConfig,
      ],
    ),
  };
}

/** SDXL reads both its encoders before their last layers, and what the second projects. */
const sdxlReading = {
  text_encoder: { context: 'penultimate', projects: false },
  text_encoder_2: { context: 'penultimate', projects: true },
} as const;

/** One in Stable Diffusion 1.x and 2.x, two in SDXL, the second alone in its refiner. */
async function openTextEncoders(
  folder: string,
  { textEncoder, textEncoder2 }: BaseOverrides,
): Promise<readonly OpenedNetwork<TextEncoderConfig, TextEncoderPart>[]> {
  const isSdxl = await exists(join(folder, 'text_encoder_2', 'config.json'));
  const hasFirst = !isSdxl || (await exists(join(folder, 'text_encoder', 'config.json')));
  const open = async (
    name: TextEncoderPart['name'],
    told: RawConfig = {},
  ): Promise<OpenedNetwork<TextEncoderConfig, TextEncoderPart>> => {
    const parse = (raw: RawConfig, source: ConfigSource): TextEncoderConfig =>
      parseTextEncoderConfig(raw, source, isSdxl ? sdxlReading[name] : undefined);
    const rules = isSdxl && sdxlReading[name].projects ? projectedClipRules : clipRules;
    const { part, files } = await openNetwork(join(folder, name), parse, rules, told);
    const tokenizer = resolve(folder, name === 'text_encoder' ? 'tokenizer' : 'tokenizer_2');
    const place = (await exists(tokenizer)) ? { folder: tokenizer } : usualTokenizer(part.config);
    return { part: { ...part, name, tokenizer: place }, files };
  };
  const first = hasFirst ? [await open('text_encoder', textEncoder)] : [];
  return isSdxl ? [...first, await open('text_encoder_2', textEncoder2)] : first;
}

/** A folder with config.json and the weights beside it. */
export async function openControlNetFolder(folder: string, overrides: RawConfig): Promise<ControlNetCheckpoint> {
  const { part, files } = await openNetwork(folder, parseControlNetConfig, sameNames, overrides);
  return {
    layout: 'diffusers',
    controlnet: part,
    family: familyOf(part.config, part.config.inChannels),
    hash: await fingerprint(files, [fingerprintedEncoder(part.config)]),
  };
}

/** A folder with config.json and the weights beside it. */
export async function openT2iAdapterFolder(folder: string): Promise<T2iAdapterCheckpoint> {
  const { part, files } = await openNetwork(folder, parseT2iAdapterConfig, sameNames);
  return { layout: 'diffusers', part, hash: await fingerprint(files, [part.config]) };
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

interface OpenedNetwork<Config, Part = NetworkPart<Config>> {
  readonly part: Part;
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
