import { processEnvironment } from './environment.ts';
import { type Environment, type Setting, variableOf } from './settings/setting.ts';
import { type Config, type Flags, settingKeys, settings } from './settings/settings.ts';
import { Mismatch } from './settings/values.ts';
import { ArmatureError } from '../errors.ts';

export type { Provider } from './settings/device.ts';
export type { LogLevel } from './settings/log.ts';
export type { Environment } from './settings/setting.ts';
export type { Config, Flags } from './settings/settings.ts';

/**
 * Flag before ARMATURE_ variable before alias before default; an empty variable counts as absent. An invalid value throws
 * `invalid_config`, naming the place it came from, what was expected and what was received.
 */
export function readConfig(flags: Flags = {}, environment: Environment = processEnvironment): Config {
  const rows = settingKeys.map((key) => [key, readSetting<unknown>(settings[key], flags[key], environment)] as const);
  // Whole, and each of its own type: `settings` has a row for every key, typed by it.
  return Object.fromEntries(rows) as unknown as Config;
}

/** Whether somebody said a setting, by a flag or a variable: else it has its default. */
export function isSaid(key: keyof Config, flags: Flags, environment: Environment = processEnvironment): boolean {
  return flags[key] !== undefined || variablesOf(settings[key]).some((name) => (environment[name] ?? '') !== '');
}

type Flag = Flags[keyof Config];

/** The variables that stand for a setting; the first that is there counts. */
function variablesOf(row: Pick<Setting, 'flag' | 'aliases'>): readonly string[] {
  return [variableOf(row), ...(row.aliases ?? [])];
}

function readSetting<Value>(row: Setting<Value>, flag: Flag, environment: Environment): Value {
  if (flag !== undefined) return parseFrom(row, typeof flag === 'object' ? flag : [String(flag)], `--${row.flag}`);
  for (const variable of variablesOf(row)) {
    const value = environment[variable];
    if (value === undefined || value === '') continue;
    const values = row.separator === undefined ? [value] : value.split(row.separator).filter((part) => part !== '');
    return parseFrom(row, values, variable);
  }
  return row.fallback(environment);
}

function parseFrom<Value>(row: Setting<Value>, values: readonly string[], source: string): Value {
  try {
    return row.parse(values);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const names = [`--${row.flag}`, ...variablesOf(row)].join(', ');
    throw new ArmatureError(
      'invalid_config',
      `Expected ${error.message} for ${source} but received ${JSON.stringify(error.received)}. The setting is ${names}.`,
      { field: row.flag, cause: error },
    );
  }
}
