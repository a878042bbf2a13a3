import { access } from './access.ts';
import { data } from './data.ts';
import { device } from './device.ts';
import { jobs } from './jobs.ts';
import { listening } from './listening.ts';
import { log } from './log.ts';
import { others } from './others.ts';
import type { Setting, Use } from './setting.ts';

const table = { ...listening, ...access, ...data, ...device, ...jobs, ...log, ...others };

/** All that can be set from outside, resolved: nothing else in the product reads flags or the environment. */
export type Config = {
  readonly [Key in keyof typeof table]: (typeof table)[Key] extends Setting<infer Value> ? Value : never;
};

/** Flags as the command line gives them, by the setting's key; a repeatable one as an array. */
export type Flags = Readonly<Partial<Record<keyof Config, string | boolean | readonly string[]>>>;

/** Every setting, in the order of --help. */
export const settings: { readonly [Key in keyof Config]: Setting<Config[Key]> } = table;

export const settingKeys = Object.keys(settings).filter((key): key is keyof Config => key in settings);

/** The settings under the headings of --help and docs/settings.md. */
export const themes: readonly { readonly heading: string; readonly keys: readonly string[] }[] = [
  { heading: 'Where it listens, and for whom', keys: Object.keys(listening) },
  { heading: 'Keys and limits', keys: Object.keys(access) },
  { heading: 'Data', keys: Object.keys(data) },
  { heading: 'Models and device', keys: Object.keys(device) },
  { heading: 'Jobs and results', keys: Object.keys(jobs) },
  { heading: 'Log', keys: Object.keys(log) },
  { heading: 'Other servers', keys: Object.keys(others) },
];

/** The settings that any of `uses` needs, in their order. */
export function settingsFor(...uses: readonly Use[]): readonly (keyof Config)[] {
  return settingKeys.filter((key) => settings[key].takenFor.some((use) => uses.includes(use)));
}
