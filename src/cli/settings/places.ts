import { resolve } from 'node:path';
import { type Config, type Flags, isSaid } from '../../config/config.ts';
import { isDataFolder, requireOwnFolder } from '../../records/data-folder/data-folder.ts';
import { runningServer } from '../../service/server-file.ts';

/** When a place is told: a server that stands on the command line never, what somebody said not after a failure. */
interface Telling {
  readonly done: boolean;
  readonly failed: boolean;
}

/** Where a command works. */
interface Place {
  readonly title: 'data folder' | 'server';
  readonly name: string;
}

/**
 * The one rule for all commands. The data folder is the one that was said (--data, ARMATURE_DATA), else ./data or the default
 * one where a server runs on it, else ./data where it is a data folder, else the default one. The server is the one that was said
 * (--server, ARMATURE_SERVER), else the one that runs on that folder, else the default address.
 */
export function located(config: Config, flags: Flags): Config {
  const data = isSaid('data', flags) ? config.data : foundFolder(config.data);
  const server = isSaid('server', flags) ? config.server : (runningServer(data) ?? config.server);
  const said = isSaid('data', flags);
  told['data folder'] = { done: true, failed: !said };
  told.server = { done: flags.server === undefined, failed: !said && !isSaid('server', flags) };
  return { ...config, data, server };
}

function foundFolder(byDefault: string): string {
  const here = resolve('data');
  const served = [here, byDefault].find((folder) => runningServer(folder) !== null);
  return served ?? (isDataFolder(here) ? here : byDefault);
}

// What the command that runs used.
const told: Record<Place['title'], Telling> = {
  'data folder': { done: true, failed: true },
  server: { done: true, failed: true },
};
const used: Place[] = [];

/** Before a command, and again where one follows another in a process. */
export function forgetPlaces(): void {
  for (const title of ['data folder', 'server'] as const) told[title] = { done: true, failed: true };
  used.length = 0;
}

/** @throws ArmatureError `invalid_config` for a folder of other things: no command reads or writes there. */
export function useData({ data }: Pick<Config, 'data'>): void {
  use('data folder', data);
  requireOwnFolder(data);
}

export function useServer({ server }: Pick<Config, 'server'>): void {
  use('server', server);
}

function use(title: Place['title'], name: string): void {
  if (used.some((place) => place.title === title && place.name === name)) return;
  used.push({ title, name });
}

/** What was used, for the end of a command: `(data folder /home/ann/data)`. */
export function placesUsed({ failed }: { readonly failed: boolean }): readonly string[] {
  return used
    .filter(({ title }) => (failed ? told[title].failed : told[title].done))
    .map(({ title, name }) => `(${title} ${name})`);
}
