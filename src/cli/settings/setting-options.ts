import { type Command, Option } from 'commander';
import { type Config, type Flags, readConfig } from '../../config/config.ts';
import { type Setting, type Use, variableOf } from '../../config/settings/setting.ts';
import { settings, settingsFor, themes } from '../../config/settings/settings.ts';
import { located } from './places.ts';

/** Gives a command the flags of all settings that these uses need. Their values are read by {@link configOf} and nowhere else. */
export function addSettings(command: Command, ...uses: readonly Use[]): void {
  for (const key of settingsFor(...uses)) command.addOption(optionOf(settings[key]));
}

/** The same for a command of many settings, under headings. */
export function addServiceSettings(command: Command, ...uses: readonly Use[]): void {
  for (const key of settingsFor(...uses)) {
    const heading = themes.find(({ keys }) => keys.includes(key))?.heading;
    command.addOption(optionOf(settings[key]).helpGroup(`${heading}:`));
  }
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
