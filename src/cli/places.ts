import { resolve } from 'node:path';
import { type Config, type Flags, isSaid } from '../config.ts';
import { isDataFolder } from '../records/data-folder.ts';
import { runningServer } from './server-file.ts';

/** Where a command works, and whether somebody said so or it was found. */
interface Place {
  readonly title: string;
  readonly name: string;
  readonly said: boolean;
}

/**
 * The one rule for all commands. The data folder is the one that was said (--data, ARMATURE_DATA), else ./data or the default
 * one where a server runs on it, else ./data where it is a data folder, else the default one. The server is the one that was said
 * (--server, ARMATURE_SERVER), else the one that runs on that folder, else the default address.
 */
export function located(config: Config, flags: Flags): Config {
  const data = isSaid('data', flags) ? config.data : foundFolder(config.data);
  const server = isSaid('server', flags) ? config.server : (runningServer(data) ?? config.server);
  found.set('data folder', !isSaid('data', flags));
  found.set('server', !isSaid('server', flags));
  return { ...config, data, server };
}

function foundFolder(byDefault: string): string {
  const here = resolve('data');
  const served = [here, byDefault].find((folder) => runningServer(folder) !== null);
  return served ?? (isDataFolder(here) ? here : byDefault);
}

// What the one command of this process found and used.
const found = new Map<string, boolean>();
const used: Place[] = [];

export function useData({ data }: Pick<Config, 'data'>): void {
  use('data folder', data);
}

export function useServer({ server }: Pick<Config, 'server'>): void {
  use('server', server);
}

function use(title: string, name: string): void {
  if (used.some((place) => place.title === title && place.name === name)) return;
  used.push({ title, name, said: found.get(title) !== true });
}

/**
 * What was used, for the end of a command: `(data folder /home/ann/data)`. After a failure only what nobody said, and a server
 * that was said is told to nobody.
 */
export function placesUsed({ failed }: { readonly failed: boolean }): readonly string[] {
  return used
    .filter(({ title, said }) => !said || (!failed && title !== 'server'))
    .map(({ title, name }) => `(${title} ${name})`);
}
