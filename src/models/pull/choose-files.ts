import { basename, dirname } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import type { CatalogEntry, Variant } from './catalog.ts';
import type { ListedFile } from './hub.ts';

const pickled = /\.(?:bin|ckpt|pt|pth|pkl|h5|msgpack)$/i;
const wanted = /\.(?:safetensors|onnx|json|txt)$/i;

/** Folders of a pipeline that are drawn with; others (safety checker, feature extractor) stay away. */
const pipelineFolder = /^(?:unet|vae|text_encoder|text_encoder_2|tokenizer|tokenizer_2|scheduler|controlnet[\w.-]*)$/;

/** Files of the catalog's entry: those of the variant, and those that belong to all. `invalid_request` where it has none of the variant. */
export function filesOfEntry(entry: CatalogEntry, variant: Variant): readonly string[] {
  const files = entry.files ?? [];
  const known = [...new Set(files.flatMap((file) => file.variant ?? []))];
  if (known.length > 0 && !known.includes(variant)) {
    const detail = `${entry.id} has the variant ${known.join(', ')} but not ${variant}.`;
    throw new ArmatureError('invalid_request', detail, { field: 'variant', choices: known });
  }
  return files.filter((file) => file.variant === undefined || file.variant === variant).map(({ path }) => path);
}

/** Refuses what is not read here: pickles, which can run code when they are opened, and other kinds of files. */
export function requireWanted(path: string): void {
  if (wanted.test(path)) return;
  const reason = pickled.test(path)
    ? 'a pickle or the like, which can run code when it is read: bring the .safetensors version'
    : 'of another kind';
  throw new ArmatureError(
    'model_invalid',
    `Expected a .safetensors, .onnx, .json or .txt file but ${basename(path)} is ${reason}.`,
    { field: 'model' },
  );
}

/**
 * What belongs to the model of a repository, from its listing: the networks of a pipeline, one network beside its
 * config.json, or a single file. Of weights the variant where there is one (`fp16`), else those without one; never two
 * precisions of the same. `invalid_request` with the choices where a repository holds several models.
 */
export function chooseFiles(files: readonly ListedFile[], repo: string, variant: Variant): readonly string[] {
  const paths = files.map(({ path }) => path);
  if (paths.includes('model_index.json')) return pipelineFiles(paths, repo, variant);
  const root = paths.filter((path) => !path.includes('/'));
  const weights = root.filter((path) => path.endsWith('.safetensors'));
  if (root.includes('config.json') && weights.length > 0)
    return ['config.json', ...networkWeights(root, repo, variant)];
  const models = paths.filter((path) => /\.(?:safetensors|onnx)$/.test(path));
  if (models.length === 1) {
    const settings = root.filter((path) => path === 'config.json' || path === 'preprocessor_config.json');
    return models[0]!.endsWith('.onnx') ? [...models, ...settings] : models;
  }
  throw undecided(models, paths, repo);
}

function pipelineFiles(paths: readonly string[], repo: string, variant: Variant): readonly string[] {
  const folders = [...new Set(paths.map(dirname))].filter((folder) => pipelineFolder.test(folder));
  const inner = folders.flatMap((folder) => {
    const own = paths.filter((path) => dirname(path) === folder);
    const settings = own.filter((path) => /\.(?:json|txt)$/.test(path) && !path.includes('.index.'));
    return own.some((path) => path.endsWith('.safetensors') || pickled.test(path))
      ? [...settings, ...networkWeights(own, repo, variant)]
      : settings;
  });
  return ['model_index.json', ...inner];
}

/** One file, or shards and their index, of the .safetensors in a folder. */
function networkWeights(paths: readonly string[], repo: string, variant: Variant): readonly string[] {
  const weights = paths.filter(
    (path) => /\.safetensors(?:\.index\.(?:fp16\.)?json)?$/.test(path) && !/non_ema/.test(path),
  );
  const half = weights.filter((path) => /\.fp16[.-]/.test(path));
  const full = weights.filter((path) => !/\.(?:fp16|bf16|int8)[.-]/.test(path));
  const chosen = variant === 'fp16' && half.length > 0 ? half : full;
  const named = chosen.filter((path) => /^(?:diffusion_pytorch_model|model)[.-]/.test(basename(path)));
  if (named.length > 0) return named;
  if (chosen.length === 1) return chosen;
  throw undecided(chosen, paths, repo);
}

function undecided(models: readonly string[], paths: readonly string[], repo: string): ArmatureError {
  if (models.length > 0) {
    const detail = `${repo} holds several models: say which, as ${repo}:file. There are ${models.slice(0, 20).join(', ')}.`;
    return new ArmatureError('invalid_request', detail, { field: 'model', choices: models });
  }
  const pickles = paths.filter((path) => pickled.test(path));
  const detail =
    pickles.length === 0
      ? `${repo} has no .safetensors and no .onnx file.`
      : `${repo} has pickles only (${pickles.slice(0, 3).join(', ')}), which can run code when they are read: look for a .safetensors version.`;
  return new ArmatureError('model_invalid', detail, { field: 'model' });
}
