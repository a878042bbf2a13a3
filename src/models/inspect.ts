import { basename, join } from 'node:path';
import { ArmatureError } from '../errors.ts';
import { detectFile } from '../weights/checkpoint.ts';
import { type RawConfig, readConfig } from '../weights/configs/raw-config.ts';
import { type Manifest, manifestName, readManifest } from './manifest/manifest.ts';
import { bundledId, fileModelName, slug } from './manifest/model-id.ts';
import type { Witness } from '../weights/prediction/prediction.ts';
import { candidateName, reasonWithoutPaths } from './rejected-finding.ts';
import { exists } from '../weights/layouts/layout.ts';
import { type Candidate, controlNetFolders, weightFiles } from './scan.ts';
import type { ToldPrediction } from '../schedulers/prediction-type.ts';
import type { AnyModel, Finding } from './finding.ts';
import type { Given } from './kinds/kind.ts';
import { modelKinds } from './kinds/kinds.ts';

const { base, controlnet, lora } = modelKinds;

/** What this installation says of the predictions of base models, by their ids. */
export type ToldPredictions = ReadonlyMap<string, ToldPrediction>;

/**
 * Reads the headers of a candidate's weights and its armature.json. Never throws: what cannot be used is `rejected`, with
 * base names only, as clients are shown it.
 */
export async function inspect(candidate: Candidate, told: ToldPredictions = new Map()): Promise<Finding> {
  const { kind, path, reason } = candidate;
  const name = candidateName(candidate);
  return await orRejected(slug(name), path, async () => {
    if (kind === 'unusable') throw new ArmatureError('model_invalid', reason ?? 'It is not looked into.');
    const manifest = kind === 'file' ? null : await readManifest(path);
    const id = manifest?.id ?? slug(name);
    const given = { id, title: manifest?.title ?? name, manifest, told: witnesses(id, manifest, told) };
    if (kind === 'pipeline') return await pipeline(path, given);
    if (kind === 'described') return await describedFolder(path, given);
    if (kind === 'file') return { models: [await singleFile(path, given)], rejected: [] };
    return { models: [await controlnet.inspect(path, given, null, typeIn(manifest, '.'), null)], rejected: [] };
  });
}

async function pipeline(path: string, given: Given): Promise<Finding> {
  await requireUNet(path);
  const model = await base.inspect(path, given, null);
  return withBundle(model, await bundled(path, given, await controlNetFolders(path)));
}

/** The pipelines of other architectures have no UNet; their own names say it better than a file that is missing. */
async function requireUNet(folder: string): Promise<void> {
  if (await exists(join(folder, 'unet'))) return;
  const index = await readConfig(join(folder, 'model_index.json')).catch((): RawConfig => ({}));
  const className = index['_class_name'];
  const kind = typeof className === 'string' ? ` (model_index.json says ${className.slice(0, 80)})` : '';
  const detail = `${basename(folder)} has no folder unet${kind}: Stable Diffusion 1.x and 2.x are supported.`;
  throw new ArmatureError('model_invalid', detail);
}

/** One base model or ControlNet as a single file, its armature.json, and the ControlNets which that names. */
async function describedFolder(path: string, given: Given): Promise<Finding> {
  const named = (given.manifest?.controlnets ?? []).map((row) => join(path, row.path));
  const others = (await weightFiles(path)).filter((file) => !named.includes(file));
  const [main] = others.length === 0 && named.length === 1 ? named : others;
  if (main === undefined || others.length > 1) {
    throw new ArmatureError(
      'model_invalid',
      `Expected one model beside ${manifestName} but found ${others.length}: give each a folder of its own.`,
    );
  }
  const model = await singleFile(main, given);
  if (model.kind !== 'base') return { models: [model], rejected: [] };
  return withBundle(model, await bundled(path, given, []));
}

async function singleFile(path: string, given: Given): Promise<AnyModel> {
  const { kind, file, otherKind } = await detectFile(path);
  if (kind === base.id) return await base.inspect(path, given, file);
  if (kind === lora.id) return await lora.inspect(path, given, file);
  if (kind === null) throw neither(basename(path), otherKind);
  const type = typeIn(given.manifest, basename(path)) ?? typeIn(given.manifest, '.');
  return await controlnet.inspect(path, given, file, type, null);
}

function neither(name: string, kind: string | null): ArmatureError {
  const detail =
    kind === null
      ? `${name} is neither a base model nor a ControlNet nor a LoRA: the names of its tensors are those of none.`
      : `${name} is ${kind}: a base model with all its parts, a ControlNet, or a LoRA for Stable Diffusion 1.x, 2.x or XL is expected here.`;
  return new ArmatureError('model_invalid', detail);
}

/** ControlNets inside a base model's folder: those found there and those that armature.json names. */
async function bundled(folder: string, { id, manifest }: Given, found: readonly string[]): Promise<readonly Finding[]> {
  const named = (manifest?.controlnets ?? []).map((row) => join(folder, row.path));
  const paths = [...new Set([...found, ...named])].toSorted();
  return await Promise.all(
    paths.map(async (path) => {
      const own = { id: bundledId(id, path), title: fileModelName(path), manifest, told: [] };
      const type = typeIn(manifest, path.slice(folder.length + 1));
      return await orRejected(own.id, path, async () => ({
        models: [await controlnet.inspect(path, own, null, type, id)],
        rejected: [],
      }));
    }),
  );
}

/** The user's word goes before the maker's. */
function witnesses(id: string, manifest: Manifest | null, told: ToldPredictions): readonly Witness[] {
  const { type, zeroSnr } = told.get(id) ?? {};
  return [
    { by: 'user', source: `armature models set ${id}`, type, zeroSnr },
    { by: 'armature.json', source: manifestName, type: manifest?.prediction_type, zeroSnr: manifest?.zero_snr },
  ];
}

function typeIn(manifest: Manifest | null, path: string): string | null {
  return manifest?.controlnets?.find((row) => row.path === path)?.type ?? null;
}

function withBundle(model: AnyModel, controlNets: readonly Finding[]): Finding {
  return {
    models: [model, ...controlNets.flatMap((finding) => finding.models)],
    rejected: controlNets.flatMap((finding) => finding.rejected),
  };
}

async function orRejected(id: string, path: string, work: () => Promise<Finding>): Promise<Finding> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof ArmatureError ? error.code : 'model_invalid';
    return { models: [], rejected: [{ id, code, detail: reasonWithoutPaths(error, path) }] };
  }
}
