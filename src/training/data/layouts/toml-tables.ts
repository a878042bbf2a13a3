import { z } from 'zod';
import { fieldPath } from '../../../text/field-path.ts';
import { show } from '../../../text/show.ts';
import { invalidSet } from '../contract/invalid-set.ts';

const pixels = z.int().min(64).max(2048);

/** What of a dataset is taken: kohya's names. */
const taken = {
  image_dir: z.string(),
  conditioning_data_dir: z.string(),
  num_repeats: z.int().min(1).max(10_000),
  class_tokens: z.string(),
  caption_extension: z.string().regex(/^\.[\w.-]{1,16}$/, 'must be an ending such as ".txt"'),
  resolution: z.union([pixels, z.tuple([pixels]), z.tuple([pixels, pixels])]),
  batch_size: z.int().min(1).max(1024),
  flip_aug: z.boolean(),
} as const;

/** What is allowed where it says that nothing is to be done, and what it would mean otherwise. */
const idle: Readonly<Record<string, string>> = {
  is_reg: 'pictures for regularization are not used',
  enable_bucket: 'every picture is cut to one resolution',
  random_crop: 'picture and map are cut at the middle',
  color_aug: 'colours stay as they are',
  shuffle_caption: 'captions stay as they are',
  caption_dropout_rate: 'how often prompts are left out is said with the training (prompt_dropout)',
  caption_dropout_every_n_epochs: 'how often prompts are left out is said with the training (prompt_dropout)',
  caption_tag_dropout_rate: 'captions stay as they are',
  keep_tokens: 'captions stay as they are',
  validation_split: 'what is held out is said with the training (validation_split)',
};

/** Only looked at where `enable_bucket` is true. */
const ofBuckets: ReadonlySet<string> = new Set([
  'min_bucket_reso',
  'max_bucket_reso',
  'bucket_reso_steps',
  'bucket_no_upscale',
]);

type Taken = { readonly [Name in keyof typeof taken]?: z.output<(typeof taken)[Name]> };

/** A folder of pictures with all that is said of it, its own word before that of what is around it. */
export interface DatasetTable extends Omit<Taken, 'resolution' | 'batch_size' | 'flip_aug'> {
  readonly image_dir: string;
  readonly num_repeats: number;
  readonly resolution: { readonly width: number; readonly height: number } | undefined;
  readonly batch_size: number | undefined;
  readonly flip_aug: boolean | undefined;
}

type Table = Readonly<Record<string, unknown>>;

/** @throws ArmatureError `invalid_set` for keys that are not taken, by name, and for values that they cannot have */
export function datasetTables(toml: unknown, name: string): readonly DatasetTable[] {
  const { general = {}, datasets = [], ...others } = tableOf(toml, name, '');
  refuseOthers(others, name, '');
  const outer = said(tableOf(general, name, 'general'), name, 'general');
  const tables = listOf(datasets, name, 'datasets').flatMap((dataset, at) => {
    const path = `datasets[${at}]`;
    const { subsets = [], ...own } = tableOf(dataset, name, path);
    const middle = { ...outer, ...said(own, name, path) };
    return listOf(subsets, name, `${path}.subsets`).map((subset, index) => {
      const inner = `${path}.subsets[${index}]`;
      return whole({ ...middle, ...said(tableOf(subset, name, inner), name, inner) }, name, inner);
    });
  });
  if (tables.length === 0)
    throw invalidSet(`Expected [[datasets.subsets]] with an image_dir in ${name} but it has none.`);
  return tables;
}

function whole({ image_dir, num_repeats = 1, resolution, ...table }: Taken, name: string, path: string): DatasetTable {
  if (image_dir === undefined) throw invalidSet(`Expected ${path} of ${name} to have an image_dir.`);
  const [width, height = width] = typeof resolution === 'number' ? [resolution] : (resolution ?? []);
  const size = width === undefined || height === undefined ? undefined : { width, height };
  return { batch_size: undefined, flip_aug: undefined, ...table, image_dir, num_repeats, resolution: size };
}

/** What is taken of a table; the rest has to be of no account. */
function said(table: Table, name: string, path: string): Taken {
  const found: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(table)) {
    if (!Object.hasOwn(taken, key)) {
      rest[key] = value;
      continue;
    }
    const result = taken[key as keyof typeof taken].safeParse(value);
    if (!result.success) {
      const reason = result.error.issues[0]!.message;
      throw invalidSet(`Expected another ${fieldPath([path, key])} in ${name} than ${show(value)}: ${reason}.`);
    }
    found[key] = result.data;
  }
  refuseOthers(rest, name, path);
  return found;
}

function refuseOthers(table: Table, name: string, path: string): void {
  for (const [key, value] of Object.entries(table)) {
    if (ofBuckets.has(key)) continue;
    const why = idle[key];
    if (why !== undefined && (value === false || value === 0)) continue;
    const place = path === '' ? key : `${path}.${key}`;
    throw invalidSet(
      why === undefined
        ? `${place} of ${name} is not taken: leave it out. Taken are ${Object.keys(taken).join(', ')}.`
        : `${place} of ${name} is not taken, as ${why}: leave it out, or set it to ${typeof value === 'number' ? 0 : false}.`,
    );
  }
}

function tableOf(value: unknown, name: string, path: string): Table {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Table;
  throw invalidSet(`Expected ${path === '' ? name : `${path} of ${name}`} to be a table but received ${show(value)}.`);
}

function listOf(value: unknown, name: string, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw invalidSet(`Expected ${path} of ${name} to be a list of tables but received ${show(value)}.`);
}
