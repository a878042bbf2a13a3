import { basename } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import { FileTooLarge, readTextIfThere, reasonOf, SpecialFile } from '../../files/regular-file.ts';
import { saidSwitch, saidType, type Witness, zeroSnrNames } from '../prediction/prediction.ts';
import { jsonOf, type RawConfig, shown } from './raw-config.ts';

/** Endings of the config that may lie beside a single file of the same name, in the order of their rank. */
const endings = ['.yaml', '.yml', '.json'] as const;

/** Paths at which a config of a single file may lie. */
function sidecarsOf(file: string): readonly string[] {
  const stem = file.replace(/\.safetensors$/i, '');
  return endings.map((ending) => stem + ending);
}

/** What a config beside a single file says of it. */
export interface Sidecar {
  readonly witness: Witness;
  /** What the original code does where its config doesn't speak of it: counts less than what a weight file says. */
  readonly usual: Witness | null;
  /** Settings of the noise schedule by the names of scheduler_config.json. */
  readonly scheduler: RawConfig;
  /** Settings of the autoencoder by diffusers' names. */
  readonly vae: RawConfig;
  /** Settings of the UNet that leave no trace in its weights, by the names of the original code. */
  readonly unet: RawConfig;
  /** Settings of a ControlNet by diffusers' names. */
  readonly controlNet: RawConfig;
}

/** What several sidecars say of a part: the first goes before those behind it. */
export function sidecarSettings(
  sidecars: readonly Sidecar[],
  part: 'scheduler' | 'vae' | 'unet' | 'controlNet',
): RawConfig {
  return Object.assign({}, ...sidecars.map((sidecar) => sidecar[part]).toReversed()) as RawConfig;
}

/** Larger files are no configs. */
const mostBytes = 1_000_000;

/**
 * The configs beside `file`, which ends in .safetensors: the .yaml of the original code (`model.params`), or a .json with
 * the fields of scheduler_config.json. A file of that name that is about something else says nothing. Throws
 * `model_invalid` for YAML or JSON that does not parse, `not_supported_yet` for settings of the original code that are not built
 * here.
 */
export async function readSidecars(file: string): Promise<readonly Sidecar[]> {
  const found = await Promise.all(sidecarsOf(file).map(readSidecar));
  return found.filter((sidecar) => sidecar !== null);
}

async function readSidecar(path: string): Promise<Sidecar | null> {
  const name = basename(path);
  const text = await readTextIfThere(path, mostBytes).catch((cause: unknown) => {
    // No config: another thing of that name.
    if (cause instanceof SpecialFile || cause instanceof FileTooLarge) return null;
    throw new ArmatureError('model_invalid', `The file ${name} cannot be read (${reasonOf(cause)}).`, { cause });
  });
  if (text === null) return null;
  return sidecarFrom(await parseText(text.replace(/^\uFEFF/, ''), name), name);
}

async function parseText(text: string, name: string): Promise<unknown> {
  if (name.endsWith('.json')) return jsonOf(text, name);
  // Few models have one, and every start looks into models.
  const { parse } = await import('yaml');
  try {
    return parse(text, { maxAliasCount: 100 });
  } catch (cause) {
    throw new ArmatureError('model_invalid', `Expected YAML in ${name} but its text does not parse.`, { cause });
  }
}

/** Names of the original code's schedule, and those of scheduler_config.json. */
const scheduleNames = {
  linear_start: 'beta_start',
  linear_end: 'beta_end',
  timesteps: 'num_train_timesteps',
  beta_start: 'beta_start',
  beta_end: 'beta_end',
  num_train_timesteps: 'num_train_timesteps',
} as const;

function sidecarFrom(content: unknown, name: string): Sidecar {
  const model = record(record(content)['model']);
  const fields = { ...record(content), ...record(model['params']) };
  const original = /^(ldm|cldm)\./.test(String(model['target']));
  const type = { ...saidType(fields['prediction_type'], 'prediction_type', name) };
  const parameterization = saidType(fields['parameterization'], 'parameterization', name);
  const zeroSnr = zeroSnrNames.map((field) => saidSwitch(fields[field] ?? '')).find((value) => value !== undefined);
  const schedule = Object.entries(scheduleNames).filter(([field]) => typeof fields[field] === 'number');
  const pooled = saidSwitch(fields['global_average_pooling'] ?? fields['global_pool_conditions'] ?? '');
  if (original) requireBuilt(fields, name);
  return {
    witness: { by: 'config', source: name, ...parameterization, ...type, zeroSnr },
    usual: original
      ? { by: 'config', source: `${name}, which has no parameterization,`, type: 'epsilon', silent: true }
      : null,
    scheduler: isScheduler(fields)
      ? schedulerFields(fields)
      : Object.fromEntries(schedule.map(([field, target]) => [target, fields[field]])),
    vae: vaeSettings(fields),
    unet: original ? record(record(fields['unet_config'])['params']) : {},
    controlNet: pooled === undefined ? {} : { global_pool_conditions: pooled },
  };
}

/** What it says of an autoencoder: all, where it is the config.json of one under the name of the model. */
function vaeSettings(fields: RawConfig): RawConfig {
  if (fields['_class_name'] === 'AutoencoderKL') return fields;
  const scale = fields['scale_factor'];
  return typeof scale === 'number' ? { scaling_factor: scale } : {};
}

/** Whether a file is a scheduler_config.json under the name of the model. */
function isScheduler(fields: RawConfig): boolean {
  return 'num_train_timesteps' in fields || /Scheduler\w*$/.test(String(fields['_class_name']));
}

/** All of it but for what is decided among several witnesses. */
function schedulerFields(fields: RawConfig): RawConfig {
  const decided = new Set<string>(['prediction_type', ...zeroSnrNames]);
  return Object.fromEntries(Object.entries(fields).filter(([field]) => !decided.has(field)));
}

/** Refuses a noise schedule of the original code, or a layer of its text encoder, that single files are not drawn with here. */
function requireBuilt(fields: RawConfig, name: string): void {
  // Its `linear` is what diffusers calls scaled_linear.
  refuseOther('beta_schedule', fields['beta_schedule'], 'linear', name);
  const encoder = record(fields['cond_stage_config']);
  const layer = record(encoder['params'])['layer'];
  refuseOther('layer', layer, /OpenCLIP/.test(String(encoder['target'])) ? 'penultimate' : 'last', name);
}

function refuseOther(field: string, value: unknown, built: string, name: string): void {
  if (value === undefined || value === null || value === built) return;
  const detail = `The setting ${field} = ${shown(value)} in ${name} is not supported yet; ${shown(built)} is.`;
  throw new ArmatureError('not_supported_yet', detail);
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
