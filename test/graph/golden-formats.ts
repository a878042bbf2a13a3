import { existsSync } from 'node:fs';
import { goldenJson, goldenPath } from '../support/golden.ts';

/** What a single file says nothing of, by the kind of its network: a folder's config does. */
const untold = {
  unet: ['attention_head_dim', 'norm_num_groups', 'addition_time_embed_dim'],
  controlnet: ['attention_head_dim', 'norm_num_groups', 'addition_time_embed_dim'],
  vae: ['norm_num_groups'],
  text_encoder: ['num_attention_heads'],
  text_encoder_2: ['num_attention_heads'],
} as const;

type Settings = Readonly<Record<string, unknown>>;

/** The folder that a file of formats/ was made of, as its index has it: `models/NAME`, or a part of it. */
export function sourceOf(file: string): readonly string[] {
  const { files } = goldenJson<{ files: Readonly<Record<string, string>> }>('formats', 'formats.json');
  const source = /models\/[\w./-]+/.exec(files[file] ?? '')?.[0];
  if (source === undefined) throw new Error(`formats.json does not say what ${file} was made of`);
  return source.split('/');
}

/** What has to be said of a network whose sizes are not those that users' files have. */
export function networkSettings(kind: keyof typeof untold, folder: readonly string[]): Settings {
  const config = goldenJson<Settings>(...folder, 'config.json');
  return Object.fromEntries(untold[kind].map((name) => [name, config[name]]));
}

/** The same of all networks of a model's folder. */
export function settingsOf(model: readonly string[]): {
  readonly unet: Settings;
  readonly vae: Settings;
  readonly textEncoder: Settings;
  readonly textEncoder2: Settings;
} {
  const of = (kind: Exclude<keyof typeof untold, 'controlnet'>): Settings =>
    existsSync(goldenPath(...model, kind)) ? networkSettings(kind, [...model, kind]) : {};
  return { unet: of('unet'), vae: of('vae'), textEncoder: of('text_encoder'), textEncoder2: of('text_encoder_2') };
}
