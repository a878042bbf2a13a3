import { parsePythonJson } from '../../json/python-json.ts';
import type { LoraFile, LoraModule } from './lora-file.ts';

/** What a module's product is multiplied by, of its rank and its stored alpha (null: none). */
export type ScaleOf = (module: LoraModule, rank: number, alpha: number | null) => number;

/**
 * alpha / rank, or alpha / sqrt(rank) for rank-stabilised adapters (Kalajdzievski, 2023). A stored alpha counts first, then peft's
 * settings (in the header's lora_adapter_metadata, or adapter_config.json), with what its patterns say of the module; else alpha is the rank.
 */
export function scalesOf({ file, adapterConfig }: Pick<LoraFile, 'file' | 'adapterConfig'>): ScaleOf {
  const inHeader = objectIn(file.metadata['lora_adapter_metadata']);
  const isStabilised = isTrue(objectIn(file.metadata['ss_network_args'])['rs_lora']);
  return (module, rank, alpha) => {
    const settings = { ...adapterConfig, ...settingsOf(inHeader, module) };
    const used = alpha ?? peftAlpha(settings, module.name);
    if (used === null) return 1;
    return isStabilised || settings['use_rslora'] === true ? used / Math.sqrt(rank) : used / rank;
  };
}

/** Names of the settings' networks, as diffusers puts them before a dot. */
const prefixes = { unet: 'unet', text: 'text_encoder', text_2: 'text_encoder_2', any: '' } as const;

function settingsOf(all: Readonly<Record<string, unknown>>, { network }: LoraModule): Record<string, unknown> {
  const prefix = prefixes[network] === '' ? '' : `${prefixes[network]}.`;
  const own = Object.entries(all).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** The first pattern that ends the module's name at a dot counts, as in peft; regular expressions in them are not followed. */
function peftAlpha(settings: Readonly<Record<string, unknown>>, module: string): number | null {
  const patterns = Object.entries(objectOf(settings['alpha_pattern']));
  const found = patterns.find(([pattern]) => {
    const plain = pattern.replace(/^\^/, '').replace(/\$$/, '').replaceAll('\\.', '.');
    return module === plain || module.endsWith(`.${plain}`);
  });
  const alpha = found?.[1] ?? settings['lora_alpha'];
  return typeof alpha === 'number' && Number.isFinite(alpha) ? alpha : null;
}

/** Metadata are text: JSON in a string, which may be damaged. */
function objectIn(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    return objectOf(text === undefined ? null : parsePythonJson(text));
  } catch {
    return {};
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Python's trainers write their switches as text. */
function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'string' && /^(?:true|1|yes)$/i.test(value));
}
