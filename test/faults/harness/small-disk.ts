import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether a small disk can be had here, or why not. */
export const smallDiskMissing = process.getuid?.() === 0 ? null : 'only root can mount a small disk';

/** A folder that is a disk of its own: a tmpfs of some megabytes. */
export class SmallDisk {
  readonly folder: string;

  constructor(megabytes: number) {
    if (smallDiskMissing !== null) throw new Error(`This needs root: ${smallDiskMissing}.`);
    this.folder = mkdtempSync(join(tmpdir(), 'armature-disk-'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', this.folder]);
    if (mounted.status !== 0) {
      rmdirSync(this.folder);
      throw new Error(`No small disk can be mounted here: ${mounted.stderr.toString().trim()}`);
    }
  }

  /** Fills it to the last byte. */
  fill(): void {
    const file = openSync(this.#filler, 'w');
    try {
      for (let size = 2 ** 20; size >= 1; size = Math.floor(size / 2)) writeUntilFull(file, new Uint8Array(size));
    } finally {
      closeSync(file);
    }
  }

  makeRoom(): void {
    rmSync(this.#filler);
  }

  remove(): void {
    spawnSync('umount', [this.folder]);
    rmdirSync(this.folder);
  }

  get #filler(): string {
    return join(this.folder, 'filler');
  }
}

function writeUntilFull(file: number, block: Uint8Array): void {
  try {
    while (writeSync(file, block) === block.length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
