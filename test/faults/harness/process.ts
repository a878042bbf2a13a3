import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { spawnArmature } from '../../cli/armature.ts';

/** A process of the service, as a user starts it: `armature api` or `armature worker`. Its log goes to a file. */
export class ServiceProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #logFile: string;

  constructor(args: readonly string[], env: Readonly<Record<string, string>>, logFile: string) {
    this.#child = spawnArmature(args, env);
    this.#ended = once(this.#child, 'exit');
    this.#logFile = logFile;
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.pipe(createWriteStream(logFile, { flags: 'a' }));
    }
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('The process was not started.');
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** The last lines that it wrote. */
  async lastWords(): Promise<string> {
    return (await readFile(this.#logFile, 'utf8')).trim().split('\n').slice(-5).join('\n');
  }

  /** Sends a signal and goes on. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Sends a signal that ends it. Its exit code when it has ended; null where the signal itself ended it. */
  async end(name: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    if (!this.hasEnded) this.#child.kill(name);
    await this.#ended;
    return this.#child.exitCode;
  }

  /** The processes that it has started itself. */
  async children(): Promise<readonly ChildInfo[]> {
    return await childrenOf(this.pid);
  }

  /** Its device process, once there is one. */
  async device(): Promise<number | null> {
    const children = await this.children();
    return children.find(({ command }) => command.includes('device/main.js'))?.pid ?? null;
  }
}

export interface ChildInfo {
  readonly pid: number;
  readonly command: string;
}

async function childrenOf(parent: number): Promise<readonly ChildInfo[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(
    names.map(async (name) => {
      const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
      if (Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2]) !== parent) return [];
      const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
      return [{ pid: Number(name), command: command.replaceAll('\0', ' ') }];
    }),
  );
  return all.flat();
}
