import { dirname } from 'node:path';
import { stat } from 'node:fs/promises';
import type { AnyModel } from '../generation/models/kinds.ts';
import { kindOf } from './kinds/kinds.ts';
import { readManifest } from './manifest/manifest.ts';
import { manifestName } from './names/manifest-name.ts';
import { readOverlay, toldOf } from './overlay.ts';
import { pulledModels } from './pull/source.ts';

/** Where a model comes from and who said what of it, for people: pairs of a name and a text. Paths are shown, so it is for who runs the server alone. */
export async function originsOf(
  model: AnyModel,
  { typesFile, places }: { readonly typesFile: string; readonly places: readonly string[] },
): Promise<readonly (readonly [string, string])[]> {
  const { told, typedBy } = kindOf(model);
  const isFolder = (await stat(model.path)).isDirectory();
  const folder = isFolder ? model.path : dirname(model.path);
  const pulled = (await pulledModels(places)).find(
    (one) => folder === one.folder || folder.startsWith(`${one.folder}/`),
  );
  const manifest = await readManifest(folder).catch(() => null);
  const byMaker = Object.keys(manifest ?? {}).filter((name) => name !== 'schema');
  const byUser = Object.entries(told === undefined ? {} : toldOf(await readOverlay(typesFile), told.list, model.id));
  const typed = 'type' in model && typedBy !== undefined && model.type !== null;
  return [
    ['lies in', model.path],
    ['known by', isFolder ? 'its folder (model_index.json or config.json)' : 'the names of its tensors'],
    ...(pulled === undefined
      ? []
      : [['pulled from', [pulled.source.repo, pulled.source.file ?? []].flat().join(':')] as const]),
    ...(byMaker.length === 0 ? [] : [[`${manifestName} says`, byMaker.join(', ')] as const]),
    ...(byUser.length === 0
      ? []
      : [['you said', byUser.map(([name, value]) => `${name} ${String(value)}`).join(', ')] as const]),
    ...(typed ? [['its type is by', byUser.length === 0 ? manifestName : 'armature models set-type'] as const] : []),
  ];
}
