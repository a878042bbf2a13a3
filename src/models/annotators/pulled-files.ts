import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import { readRegularText } from '../../files/regular-file.ts';

/** Files of a pulled network. */
export interface PulledNetwork {
  readonly onnx: string;
  /** The .json files beside it and above it, by their names. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Ids as requests write them: a folder's name, and where it holds several networks the file's name behind it. */
const idPattern = /^([a-z0-9][a-z0-9._-]*)(?:\/([A-Za-z0-9][A-Za-z0-9._-]*))?$/;

/**
 * The network `folder` or `folder/name` in the first of `places` that has it: `<place>/<folder>/` holds it at any depth. Null
 * where none has; `model_invalid` where there are several and none is named, or a settings file is no JSON.
 */
export async function findPulled(id: string, places: readonly string[]): Promise<PulledNetwork | null> {
  const found = await pulledFiles(id, places);
  return found === null ? null : { onnx: found.onnx, settings: await readSettings(found.files) };
}

/** As {@link findPulled}, without reading a file. */
export async function isPulled(id: string, places: readonly string[]): Promise<boolean> {
  return (await pulledFiles(id, places)) !== null;
}

/** Names of the folders in `places` that hold a network, sorted. */
export async function pulledFolders(places: readonly string[]): Promise<readonly string[]> {
  const entries = await Promise.all(
    places.map(async (place) => await readdir(place, { withFileTypes: true }).catch(() => [])),
  );
  const folders = entries.flat().filter((entry) => !entry.isFile() && idPattern.test(entry.name));
  const holding = await Promise.all(
    folders.map(async (entry) => ((await filesOf(pathOf(entry))).some(isNetwork) ? [entry.name] : [])),
  );
  return [...new Set(holding.flat())].toSorted();
}

async function pulledFiles(
  id: string,
  places: readonly string[],
): Promise<{ readonly onnx: string; readonly files: readonly string[] } | null> {
  const [, folder, name] = idPattern.exec(id) ?? [];
  if (folder === undefined) return null;
  for (const place of places) {
    const files = await filesOf(join(place, folder));
    const networks = files.filter(isNetwork);
    const fitting = name === undefined ? networks : networks.filter((file) => basename(file, '.onnx') === name);
    if (fitting.length > 1) throw severalNetworks(id, fitting);
    const [onnx] = fitting;
    if (onnx !== undefined) return { onnx, files };
  }
  return null;
}

function isNetwork(file: string): boolean {
  return file.endsWith('.onnx');
}

/** Files in it at any depth, also by way of links; pipes and devices are none. */
async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const paths = entries.filter((entry) => !entry.name.startsWith('.') && !entry.isDirectory()).map(pathOf);
  const regular = await Promise.all(
    paths.map(async (path) =>
      stat(path).then(
        (found) => found.isFile(),
        () => false,
      ),
    ),
  );
  return paths.filter((_, index) => regular[index]).toSorted();
}

function pathOf({ parentPath, name }: { readonly parentPath: string; readonly name: string }): string {
  return join(parentPath, name);
}

async function readSettings(files: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const json = files.filter((file) => file.endsWith('.json'));
  return Object.fromEntries(await Promise.all(json.map(async (file) => [basename(file), await readJson(file)])));
}

async function readJson(file: string): Promise<unknown> {
  const text = await readRegularText(file, mostSettingsBytes);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ArmatureError('model_invalid', `Expected JSON in ${basename(file)} of a pulled network.`, { cause });
  }
}

/** Bytes of a .json beside a network. */
const mostSettingsBytes = 4 * 2 ** 20;

function severalNetworks(id: string, files: readonly string[]): ArmatureError {
  const names = files.map((file) => basename(file, '.onnx')).join(', ');
  return new ArmatureError('model_invalid', `The annotator ${id} has several networks: ${names}. Keep one of them.`);
}
