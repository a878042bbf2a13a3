import { ArmatureError } from '../../errors.ts';
import type { NetworkPart, Weights } from '../../graph/weights.ts';
import { parseControlNetConfig } from '../configs/controlnet-config.ts';
import { inferControlNetConfig, inferUNetConfig, inferVaeConfig } from '../configs/infer.ts';
import { fingerprintedEncoder, fingerprintedText } from '../configs/fingerprinted.ts';
import type { RawConfig } from '../configs/raw-config.ts';
import { readSidecars, sidecarSettings } from '../configs/sidecar.ts';
import { parseUNetConfig } from '../configs/unet-config.ts';
import { parseVaeConfig } from '../configs/vae-config.ts';
import { assumedPrediction } from '../prediction/assumed-prediction.ts';
import { boundMethod } from './bound-controlnet.ts';
import { isHarmless, leftover } from './leftovers.ts';
import { otherKind } from './other-kinds.ts';
import { familyOf } from '../../graph/family.ts';
import { fingerprint } from '../safetensors/fingerprint.ts';
import { ldmLayersPerBlock, ldmUNetRules } from '../key-maps/ldm-unet.ts';
import { ldmVaeRules } from '../key-maps/ldm-vae.ts';
import { classWitness, decideDistilled, distilledSpacing } from '../prediction/distilled.ts';
import { decidePrediction, markersOf } from '../prediction/prediction.ts';
import { publishedPrediction } from '../prediction/published-prediction.ts';
import type { SafetensorsFile } from '../safetensors/safetensors.ts';
import { predictionSettings, stableDiffusionSchedule } from '../configs/stable-diffusion-schedule.ts';
import { openWeightFile } from '../safetensors/weight-files.ts';
import { pooledBy } from './pooled-by.ts';
import { openTextEncoders, textPrefixes } from './single-file-text.ts';
import { weightsOf } from './weights.ts';
import type { BaseCheckpoint, BaseOverrides, ControlNetCheckpoint } from './layout.ts';

const prefixes = {
  unet: 'model.diffusion_model.',
  vae: 'first_stage_model.',
  controlNet: 'control_model.',
} as const;

const allPrefixes: readonly string[] = [...Object.values(prefixes), ...textPrefixes];

/** Latents of SDXL are its autoencoder's times this: its weights are called and shaped as those of Stable Diffusion 1.x and 2.x. */
const sdxlScalingFactor = 0.13025;

/** What a single file holds, by the names of its tensors. A file with both (ControlNet 1.0) is a ControlNet. */
export function singleFileKind(file: SafetensorsFile): 'base' | 'controlnet' | null {
  const has = (name: string): boolean => file.tensors.has(name);
  const hint = ['control_model.input_hint_block.0.weight', 'input_hint_block.0.weight'];
  if ([...hint, 'controlnet_cond_embedding.conv_in.weight'].some(has)) return 'controlnet';
  const unet = has('model.diffusion_model.input_blocks.0.0.weight');
  return unet && has('first_stage_model.decoder.conv_in.weight') ? 'base' : null;
}

/** A single file with the original names of SD 1.x, 2.x or SDXL. */
export async function openBaseFile(
  path: string,
  overrides: BaseOverrides,
  opened?: SafetensorsFile,
): Promise<BaseCheckpoint> {
  const file = opened ?? (await openWeightFile(path));
  expectKind(file, 'base', 'a Stable Diffusion model with UNet, autoencoder and text encoder');
  const kind = otherKind(file);
  if (kind !== null) throw new ArmatureError('not_supported_yet', `${file.name} is ${kind}: not supported yet.`);
  const markers = markersOf(file);
  refuseStrangers(file, allPrefixes);
  const sidecars = await readSidecars(path);
  const textEncoders = openTextEncoders(file, overrides);
  const unet = pooledBy(textEncoders, openUNet(file, sidecarSettings(sidecars, 'unet'), overrides.unet), file.name);
  const usual = unet.config.added === null ? {} : { scaling_factor: sdxlScalingFactor };
  const vae = openVae(file, { ...usual, ...sidecarSettings(sidecars, 'vae'), ...overrides.vae });
  const witnesses = [
    ...(overrides.told ?? []),
    ...sidecars.map(({ witness }) => witness),
    ...markers,
    ...sidecars.flatMap(({ usual }) => usual ?? []),
  ];
  const prediction = await decidePrediction(
    witnesses,
    async () => (await publishedPrediction(file)) ?? (await assumedPrediction(unet)),
  );
  const given = sidecarSettings(sidecars, 'scheduler');
  const beside = classWitness(given, 'the config beside the file');
  const distilled = decideDistilled([...(overrides.toldDistilled ?? []), beside], unet.config);
  const schedulerConfig = {
    ...stableDiffusionSchedule,
    ...given,
    ...distilledSpacing(distilled, given),
    prediction_type: prediction.type,
    ...(prediction.zeroSnr ? predictionSettings(prediction) : {}),
    ...overrides.scheduler,
  };
  return {
    layout: 'single-file',
    unet,
    vae,
    textEncoders,
    schedulerConfig,
    prediction,
    distilled,
    family: familyOf(unet.config, vae.config.latentChannels),
    hash: await fingerprint(
      [file],
      [
        fingerprintedEncoder(unet.config),
        vae.config,
        ...textEncoders.map(({ config }) => fingerprintedText(config)),
        schedulerConfig,
      ],
    ),
  };
}

/** A single file with lllyasviel's names (with or without their prefix) or with those of diffusers. */
export async function openControlNetFile(
  path: string,
  overrides: RawConfig,
  opened?: SafetensorsFile,
): Promise<ControlNetCheckpoint> {
  const file = opened ?? (await openWeightFile(path));
  expectKind(file, 'controlnet', 'a ControlNet');
  refuseOtherControls(file);
  const weights = controlNetWeights(file);
  const told = sidecarSettings(await readSidecars(path), 'controlNet');
  const inferred = { ...inferControlNetConfig(weights, file.name), ...told };
  const config = parseControlNetConfig({ ...inferred, ...overrides }, file.name);
  return {
    layout: 'single-file',
    controlnet: part(file, weights, config),
    family: familyOf(config, config.inChannels),
    hash: await fingerprint([file], [fingerprintedEncoder(config)]),
  };
}

/** Tensors that stand under none of the names of parts, and are no known leftovers, would be missed without a word. */
function refuseStrangers(file: SafetensorsFile, known: readonly string[]): void {
  const stranger = [...file.tensors.keys()].find(
    (name) => !isHarmless(name) && !known.some((prefix) => name.startsWith(prefix)),
  );
  if (stranger !== undefined) throw leftover(stranger, file.name);
}

/** Files with the hint encoder of a ControlNet whose other weights are not what they seem. */
function refuseOtherControls(file: SafetensorsFile): void {
  const kind = otherKind(file);
  if (kind !== null && /ControlNet|SparseCtrl/.test(kind)) {
    throw new ArmatureError('not_supported_yet', `${file.name} is ${kind}: not supported yet.`);
  }
  const method = boundMethod(file);
  if (method === null) return;
  const detail = `${file.name} is a ControlNet as a ${method}: by itself it is no network, but on a base model it is.`;
  throw new ArmatureError('not_supported_yet', detail);
}

/** `params` are those of the original code's `unet_config`. */
function openUNet(file: SafetensorsFile, params: RawConfig, overrides: RawConfig = {}): BaseCheckpoint['unet'] {
  const weights = ldmWeights(file, prefixes.unet);
  const inferred = inferUNetConfig(weights, file.name, params);
  refuseContradiction(params, inferred, file.name);
  return part(file, weights, parseUNetConfig({ ...inferred, ...overrides }, file.name));
}

/** Sizes by the names of the original code, with what its weights say of each: a config that says another is of another model. */
function refuseContradiction(params: RawConfig, inferred: RawConfig, name: string): void {
  const [width] = inferred['block_out_channels'] as readonly number[];
  const sizes = {
    in_channels: inferred['in_channels'],
    out_channels: inferred['out_channels'],
    model_channels: width,
    num_res_blocks: inferred['layers_per_block'],
    context_dim: inferred['cross_attention_dim'],
  };
  for (const [field, size] of Object.entries(sizes)) {
    const said = params[field];
    if (typeof said !== 'number' || said === size) continue;
    const detail = `The config beside ${name} is of another model: it says ${field} = ${said} where the weights have ${String(size)}. Bring its own, or take it away.`;
    throw new ArmatureError('model_invalid', detail);
  }
}

function openVae(file: SafetensorsFile, overrides: RawConfig = {}): BaseCheckpoint['vae'] {
  const levels = [...file.tensors.keys()].filter((name) =>
    /^first_stage_model\.decoder\.up\.\d+\.block\.0\.conv1\.weight$/.test(name),
  ).length;
  const weights = weightsOf([file], ldmVaeRules(levels), prefixes.vae);
  return part(file, weights, parseVaeConfig({ ...inferVaeConfig(weights, file.name), ...overrides }, file.name));
}

function controlNetWeights(file: SafetensorsFile): Weights {
  if (file.tensors.has('controlnet_cond_embedding.conv_in.weight')) return weightsOf([file]);
  const prefixed = file.tensors.has(`${prefixes.controlNet}input_hint_block.0.weight`);
  // Files of version 1.0 hold the whole base model beside the ControlNet.
  if (prefixed) refuseStrangers(file, allPrefixes);
  return ldmWeights(file, prefixed ? prefixes.controlNet : '');
}

function ldmWeights(file: SafetensorsFile, prefix: string): Weights {
  const layers = ldmLayersPerBlock((name) => file.tensors.has(prefix + name));
  return weightsOf([file], ldmUNetRules(layers), prefix);
}

function part<Config>(file: SafetensorsFile, weights: Weights, config: Config): NetworkPart<Config> {
  return { config, weights, weightsFolder: file.folder };
}

function expectKind(file: SafetensorsFile, kind: 'base' | 'controlnet', expected: string): void {
  const received = singleFileKind(file);
  if (received === kind) return;
  const other = received === 'base' ? 'a base model' : 'a ControlNet';
  const found = received === null ? 'tensors of another kind' : other;
  throw new ArmatureError('model_invalid', `Expected ${expected} in ${file.name} but received ${found}.`);
}
