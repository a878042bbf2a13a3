import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelCatalog, packageRoot } from '../../src/config/package-files.ts';
import { readCatalog } from '../../src/models/pull/catalog.ts';

const golden = join(packageRoot, 'test', 'conditions', 'networks', 'golden');

/** Small random networks of the architectures that pulled ones have, by the ids under which they are laid out. */
export const smallNetworks = {
  depth: 'small-depth',
  segformer: 'small-segformer',
  oneformer: 'small-oneformer',
  maskformer: 'small-maskformer',
  lineart: 'small-lineart',
  anime: 'small-anime',
  normal: 'small-normal',
  dwpose: 'dwpose',
} as const;

/** Lays them out in a new folder as `armature models pull` does. Whoever calls it deletes it. */
export async function layOutSmallNetworks(): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), 'armature-networks-'));
  const put = async (id: string, files: Readonly<Record<string, string>>, settings: Settings = {}): Promise<void> => {
    await mkdir(join(place, id));
    for (const [name, from] of Object.entries(files)) await cp(join(golden, from), join(place, id, name));
    for (const [name, value] of Object.entries(settings)) {
      await writeFile(join(place, id, name), JSON.stringify(value));
    }
  };
  const catalog = await readCatalog(modelCatalog);
  const annotatorOf = (id: string) => ({ 'annotator.json': catalog.find((entry) => entry.id === id)?.annotator });
  for (const name of ['segformer', 'oneformer', 'maskformer'] as const) {
    await put(smallNetworks[name], { 'model.onnx': `${name}.onnx` }, await fixedSize(name));
  }
  await put(smallNetworks.depth, { 'model.onnx': 'depth-anything.onnx' }, await fixedSize('depth-anything'));
  await put(smallNetworks.lineart, { 'model.onnx': 'lineart.onnx' }, annotatorOf('lineart'));
  await put(smallNetworks.anime, { 'model.onnx': 'lineart-anime.onnx' }, annotatorOf('lineart-anime'));
  await put(smallNetworks.normal, { 'model.onnx': 'normal.onnx' }, annotatorOf('metric3d-vit-small'));
  await put(smallNetworks.dwpose, { 'yolox_l.onnx': 'yolox.onnx', 'dw-ll_ucoco_384.onnx': 'rtmpose.onnx' });
  return place;
}

type Settings = Readonly<Record<string, unknown>>;

/** The names of its classes, and the one size that the network was exported for. */
async function fixedSize(name: string): Promise<Settings> {
  const reference = JSON.parse(await readFile(join(golden, `${name}.json`), 'utf8')) as {
    readonly input: { readonly dims: readonly number[] };
    readonly 'config.json'?: unknown;
  };
  const [height, width] = reference.input.dims.slice(2);
  const input = { size: { height, width }, keep_aspect_ratio: false, ensure_multiple_of: 1 };
  const annotator = { 'annotator.json': { schema: 1, input } };
  return reference['config.json'] === undefined ? annotator : { ...annotator, 'config.json': reference['config.json'] };
}
