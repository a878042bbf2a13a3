import { type Command, Option } from 'commander';
import { type Config, type Flags, readConfig } from '../../config/config.ts';
import { type Setting, settings, variableOf } from '../../config/settings.ts';
import { located } from './places.ts';
import { grouped, headingOf } from './setting-groups.ts';

/** Who may ask how much of a server that answers requests. */
const accessSettings = [
  'adminKey',
  'allowAnonymous',
  'submissionsPerMinute',
  'readsPerMinute',
  'maxQueued',
  'maxQueuedPerTenant',
  'bodyMemory',
  'trustedProxy',
] as const satisfies readonly (keyof Config)[];

/** What a process needs to know that answers requests, alone or beside workers. */
export const apiSettings = [
  'host',
  'port',
  'data',
  'models',
  'model',
  'postgresUrl',
  'redisUrl',
  'tenantWindow',
  'queueWindow',
  'maxBatchItems',
  'maxBatchCost',
  'publicUrl',
  'corsOrigin',
  'embedParameters',
  'allowFetch',
  'webhookSecret',
  'logLevel',
  ...accessSettings,
  'retentionDays',
  'retentionSize',
] as const satisfies readonly (keyof Config)[];

/** What a process needs to know that draws. */
export const drawingSettings = [
  'provider',
  'deviceId',
  'threads',
  'memoryBudget',
  'maxRows',
  'grace',
  'checkpointEvery',
  'claim',
] as const satisfies readonly (keyof Config)[];

/** Gives a command the flags of these settings. Their values are read by {@link configOf} and nowhere else. */
export function addSettings(command: Command, keys: readonly (keyof Config)[]): Command {
  for (const key of keys) command.addOption(optionOf(settings[key]));
  return command;
}

/** The same for a command of many settings, under headings. */
export function addServiceSettings(command: Command, keys: readonly (keyof Config)[]): void {
  for (const key of grouped(keys)) command.addOption(optionOf(settings[key]).helpGroup(headingOf(key)));
}

/** The configuration of a command: its flags, then the environment, then defaults; data folder and server as {@link located}. */
export function configOf(command: Command): Config {
  const flags = Object.fromEntries(Object.entries(command.opts()).filter(([key]) => key in settings)) as Flags;
  return located(readConfig(flags), flags);
}

function optionOf(setting: Setting): Option {
  const argument = setting.argument === undefined ? '' : ` <${setting.argument}>`;
  const fallback = setting.fallbackText ?? describe(setting.fallback({}));
  const notes = [...(fallback === '' ? [] : [`default: ${fallback}`]), `env: ${variableOf(setting)}`];
  const option = new Option(`--${setting.flag}${argument}`, `${setting.description} (${notes.join(', ')})`);
  if (setting.separator === undefined) return option;
  return option.argParser((value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value]);
}

function describe(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
