import { basename, join } from 'node:path';
import { ArmatureError } from '../errors.ts';
import { withArticle } from '../generation/models/model-list.ts';
import type { BaseModel } from '../generation/models/base.ts';
import type { AnyModel } from '../generation/models/kinds.ts';
import { readConfig, shown } from '../weights/configs/raw-config.ts';
import { exists } from '../weights/layouts/layout.ts';
import { otherKind } from '../weights/layouts/other-kinds.ts';
import { openSafetensors } from '../weights/safetensors/safetensors.ts';
import type { Finding } from './finding.ts';
import { bundledFolders, weightFiles } from './inside-folder.ts';
import type { AnyFoundKind, Fields, Given } from './kinds/contract/kind.ts';
import type { TypeRow } from './kinds/contract/typed.ts';
import { foundKinds, kindNamed, modelKinds } from './kinds/kinds.ts';
import { type Manifest, readManifest } from './manifest/manifest.ts';
import { manifestName } from './names/manifest-name.ts';
import { isWeights } from './names/model-files.ts';
import { bundledId, fileModelName, slug } from './names/model-id.ts';
import { type Overlay, toldOf } from './overlay.ts';
import { candidateName, reasonWithoutPaths } from './rejected-finding.ts';
import type { Candidate } from './scan/candidates.ts';

const { base } = modelKinds;

/** The lists of armature.json, and of that of DATA, that say something of models of a kind. */
interface SayingKind {
  readonly typedBy?: string;
  readonly told?: { readonly list: string };
}

/** What is known of a candidate before it is known of which kind it is. */
interface Named {
  readonly id: string;
  readonly title: string;
  readonly manifest: Manifest | null;
  readonly overlay: Overlay;
  readonly bundledWith: string | null;
}

/** A model inside a base model's folder, and of which kind it is. */
interface Place {
  readonly path: string;
  readonly kind: AnyFoundKind;
}

/**
 * Reads the headers of a candidate's weights and its armature.json. Never throws: what cannot be used is `rejected`, with
 * base names only, as clients are shown it.
 */
export async function inspect(candidate: Candidate, overlay: Overlay = new Map()): Promise<Finding> {
  const { kind, path, reason } = candidate;
  const name = candidateName(candidate);
  return await orRejected(slug(name), path, async () => {
    if (kind === 'unusable') throw new ArmatureError('model_invalid', reason ?? 'It is not looked into.');
    const manifest = kind === 'file' ? null : await readManifest(path);
    const id = manifest?.id ?? slug(name);
    const named = { id, title: manifest?.title ?? name, manifest, overlay, bundledWith: null };
    if (kind === 'pipeline') return await pipeline(path, named);
    if (kind === 'described') return await describedFolder(path, named);
    if (kind === 'file') return { models: [await singleFile(path, named)], rejected: [] };
    return { models: [await kindNamed(kind).inspect(path, given(kindNamed(kind), named, '.'), null)], rejected: [] };
  });
}

/** What a model of a kind is called and what is said of it; `places` are where armature.json may have its type, the first that does counts. */
function given(kind: SayingKind, { id, title, manifest, overlay, bundledWith }: Named, ...places: string[]): Given {
  const types = places.flatMap((place) => typeRows(kind, manifest).filter(({ path }) => path === place));
  return {
    id,
    title,
    licence: manifest?.licence ?? null,
    manifest: manifest ?? {},
    told: toldOf(overlay, kind.told?.list, id),
    type: types[0]?.type ?? null,
    bundledWith,
  };
}

async function pipeline(path: string, named: Named): Promise<Finding> {
  const className = (await readConfig(join(path, 'model_index.json')))['_class_name'] ?? plainPipeline;
  await requireUNet(path, className);
  requireDrawn(path, className);
  const model = await base.inspect(path, given(base, named), null);
  requireSameFamily(path, className, model);
  return withBundle(model, await bundled(path, named, await bundledFolders(path)));
}

/** What diffusers calls a pipeline that says nothing of what it does. */
const plainPipeline = 'DiffusionPipeline';

/** Those that draw as is done here. Others have networks of the same shapes and do another thing with them: Kandinsky, AnimateDiff. */
const drawnPipelines = /^(?:Flax|Onnx)?StableDiffusion(?!3)\w*$|^LatentConsistencyModel\w*$/;

function requireDrawn(folder: string, className: unknown): void {
  if (className === plainPipeline || (typeof className === 'string' && drawnPipelines.test(className))) return;
  const detail = `${basename(folder)} is a ${shown(className)} (model_index.json says so), which draws in another way than is done here: pipelines of Stable Diffusion 1.x, 2.x and XL are supported.`;
  throw new ArmatureError('not_supported_yet', detail);
}

/** The class of a pipeline says too whether it is one of SDXL, which tells its UNet of pooled text and sizes. */
function requireSameFamily(folder: string, className: unknown, model: BaseModel): void {
  if (typeof className !== 'string' || !className.includes('StableDiffusion')) return;
  const saysSdxl = className.includes('StableDiffusionXL');
  if (saysSdxl === (model.added !== null)) return;
  const takes = saysSdxl ? 'is told of no pooled text and sizes' : 'is told of pooled text and sizes, as that of SDXL';
  const detail = `${basename(folder)} contradicts itself: its model_index.json says ${shown(className)}, but its UNet ${takes}.`;
  throw new ArmatureError('model_invalid', detail);
}

/** The pipelines of other architectures have no UNet; their own names say it better than a file that is missing. */
async function requireUNet(folder: string, className: unknown): Promise<void> {
  if (await exists(join(folder, 'unet'))) return;
  const kind = className === plainPipeline ? '' : ` (model_index.json says ${shown(className)})`;
  const detail = `${basename(folder)} has no folder unet${kind}: Stable Diffusion 1.x, 2.x and XL are supported.`;
  throw new ArmatureError('model_invalid', detail);
}

/** One model as a single file, its armature.json, and those which that names. */
async function describedFolder(path: string, named: Named): Promise<Finding> {
  const listed = placesIn(path, named.manifest).map((place) => place.path);
  const others = weightFiles(path).filter((file) => !listed.includes(file));
  const [main] = others.length === 0 && listed.length === 1 ? listed : others;
  if (main === undefined || others.length > 1) {
    throw new ArmatureError(
      'model_invalid',
      `Expected one model beside ${manifestName} but found ${others.length}: give each a folder of its own.`,
    );
  }
  const model = await singleFile(main, named);
  if (model.kind !== base.id) return { models: [model], rejected: [] };
  return withBundle(model, await bundled(path, named, []));
}

async function singleFile(path: string, named: Named): Promise<AnyModel> {
  const file = await openSafetensors(path);
  const kind = isWeights(path) ? foundKinds.find(({ holds }) => holds?.(file)) : undefined;
  if (kind === undefined) throw unknownFile(basename(path), otherKind(file));
  return await kind.inspect(path, given(kind, named, basename(path), '.'), file);
}

function unknownFile(name: string, is: string | null): ArmatureError {
  const nouns = foundKinds.filter(({ holds }) => holds !== undefined).map(({ noun }) => withArticle(noun));
  const [first = '', ...others] = nouns;
  const detail =
    is === null
      ? `${name} is neither ${nouns.join(' nor ')}: the names of its tensors are those of none.`
      : `${name} is ${is}: ${[`${first} with all its parts`, ...others.slice(0, -1)].join(', ')}, or ${others.at(-1)} for Stable Diffusion 1.x, 2.x or XL is expected here.`;
  return new ArmatureError('model_invalid', detail);
}

/** Models inside a base model's folder: those found there and those that armature.json names. */
async function bundled(
  folder: string,
  { id, manifest, overlay }: Named,
  found: readonly Place[],
): Promise<readonly Finding[]> {
  const kinds = new Map([...found, ...placesIn(folder, manifest)].map(({ path, kind }) => [path, kind]));
  return await Promise.all(
    [...kinds.keys()].toSorted().map(async (path) => {
      const kind = kinds.get(path)!;
      const own = { id: bundledId(id, path), title: fileModelName(path), manifest, overlay, bundledWith: id };
      const place = path.slice(folder.length + 1);
      return await orRejected(own.id, path, async () => ({
        models: [await kind.inspect(path, given(kind, own, place), null)],
        rejected: [],
      }));
    }),
  );
}

/** All models that the lists of types in armature.json name. */
function placesIn(folder: string, manifest: Manifest | null): readonly Place[] {
  return foundKinds.flatMap((kind) => typeRows(kind, manifest).map(({ path }) => ({ path: join(folder, path), kind })));
}

function typeRows({ typedBy }: SayingKind, manifest: Fields | null): readonly TypeRow[] {
  return ((typedBy === undefined ? undefined : manifest?.[typedBy]) ?? []) as readonly TypeRow[];
}

function withBundle(model: AnyModel, inside: readonly Finding[]): Finding {
  return {
    models: [model, ...inside.flatMap((finding) => finding.models)],
    rejected: inside.flatMap((finding) => finding.rejected),
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
