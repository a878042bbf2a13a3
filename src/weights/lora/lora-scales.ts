import { ArmatureError } from '../../errors.ts';
import { jsonOf } from '../configs/raw-config.ts';
import type { LoraFile, LoraModule } from './lora-file.ts';

/** What a module's product is multiplied by, of its rank and its stored alpha (null: none). */
export type ScaleOf = (module: LoraModule, rank: number, alpha: number | null) => number;

/**
 * alpha / rank, or alpha / sqrt(rank) for rank-stabilised adapters (Kalajdzievski, 2023). A stored alpha counts first, then peft's
 * settings (in the header's lora_adapter_metadata, or adapter_config.json), with what its patterns say of the module; else alpha is the rank. Throws as
 * {@link requireScales}.
 */
export function scalesOf({ file, adapterConfig }: Pick<LoraFile, 'file' | 'adapterConfig'>): ScaleOf {
  requireScales({ file, adapterConfig });
  const inHeader = metadataOf(file, 'lora_adapter_metadata');
  const isStabilised = isTrue(trainerArguments(file)['rs_lora']);
  return (module, rank, alpha) => {
    const settings = { ...adapterConfig, ...settingsOf(inHeader, module) };
    const used = alpha ?? peftAlpha(settings, module.name);
    if (used === null) return 1;
    return isStabilised || settings['use_rslora'] === true ? used / Math.sqrt(rank) : used / rank;
  };
}

/** Alpha for single layers, by patterns of their names. */
const patternField = 'alpha_pattern';
const alphaField = /(?:^|\.)lora_alpha$/;
const startField = /(?:^|\.)init_lora_weights$/;
const patternsField = /(?:^|\.)alpha_pattern$/;

/** `model_invalid` where what a file says of its scales can't be read, `not_supported_yet` for patterns that are not followed here and for a changed base. */
export function requireScales({ file, adapterConfig }: Pick<LoraFile, 'file' | 'adapterConfig'>): void {
  trainerArguments(file);
  const inHeader = metadataOf(file, 'lora_adapter_metadata');
  for (const [name, value] of [...Object.entries(adapterConfig), ...Object.entries(inHeader)]) {
    if (alphaField.test(name)) requireAlpha(value, name, file.name);
    if (startField.test(name)) requirePlainBase(value, file.name);
    if (!patternsField.test(name)) continue;
    for (const [pattern, alpha] of Object.entries(objectOf(value))) {
      requireAlpha(alpha, `${name} ${pattern.slice(0, 100)}`, file.name);
      if (plainName(pattern) !== null) continue;
      const detail = `The settings of ${file.name} have the pattern ${pattern.slice(0, 100)} in ${name}: names of layers are followed, other regular expressions are not.`;
      throw new ArmatureError('not_supported_yet', detail);
    }
  }
}

/** What peft calls the ways to begin that take the first product out of the base model's own weights: PiSSA, OLoRA, CorDA, LoftQ, LoRA-GA. */
const changedBase = /^(?:pissa|olora|corda|loftq|lora_ga)/i;

function requirePlainBase(value: unknown, file: string): void {
  if (typeof value !== 'string' || !changedBase.test(value)) return;
  const detail = `The settings of ${file} say init_lora_weights = ${JSON.stringify(value.slice(0, 40))}: it adds to weights that were changed before the training, not to the model's own. Save it as a plain LoRA (peft: path_initial_model_for_weight_conversion).`;
  throw new ArmatureError('not_supported_yet', detail);
}

function requireAlpha(value: unknown, field: string, file: string): void {
  if (value === undefined || value === null || (typeof value === 'number' && Number.isFinite(value))) return;
  const detail = `Expected a number as ${field} in the settings of ${file} but received ${JSON.stringify(value).slice(0, 80)}.`;
  throw new ArmatureError('model_invalid', detail);
}

/** The name that a pattern of peft's stands for where it is one; null for any other regular expression. */
function plainName(pattern: string): string | null {
  const plain = pattern.replace(/^\^/, '').replace(/\$$/, '').replaceAll('\\.', '.');
  return /^[\w.]+$/.test(plain) ? plain : null;
}

/** Names of the settings' networks, as diffusers puts them before a dot. */
const prefixes = { unet: 'unet', text: 'text_encoder', text_2: 'text_encoder_2', any: '' } as const;

function settingsOf(all: Readonly<Record<string, unknown>>, { network }: LoraModule): Record<string, unknown> {
  const prefix = prefixes[network] === '' ? '' : `${prefixes[network]}.`;
  const own = Object.entries(all).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** The first pattern that ends the module's name at a dot counts, as in peft. */
function peftAlpha(settings: Readonly<Record<string, unknown>>, module: string): number | null {
  const patterns = Object.entries(objectOf(settings[patternField]));
  const found = patterns.find(([pattern]) => {
    const plain = plainName(pattern);
    return module === plain || module.endsWith(`.${plain}`);
  });
  const alpha = found?.[1] ?? settings['lora_alpha'];
  return typeof alpha === 'number' && Number.isFinite(alpha) ? alpha : null;
}

/** What kohya's trainer was told; a damaged word of it counts where it may be one on the scale. */
function trainerArguments(file: LoraFile['file']): Readonly<Record<string, unknown>> {
  const text = file.metadata['ss_network_args'] ?? '';
  return text.includes('rs_lora') ? metadataOf(file, 'ss_network_args') : {};
}

/** Metadata are text: JSON in a string. Empty where there is none, or Python's None. */
function metadataOf({ metadata, name }: LoraFile['file'], field: string): Readonly<Record<string, unknown>> {
  const text = metadata[field]?.trim() ?? '';
  return text === '' || text === 'None' ? {} : objectOf(jsonOf(text, `${field} in the metadata of ${name}`));
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Python's trainers write their switches as text. */
function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'string' && /^(?:true|1|yes)$/i.test(value));
}
