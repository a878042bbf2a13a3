import { mkdir, open, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmatureError } from '../../errors.ts';

/** Room that has to be left over, in bytes. */
const margin = 64 * 2 ** 20;

/** Where a pull keeps what it has until all of it is there: a hidden folder beside the model's own. */
export class PartialFolder {
  readonly path: string;
  readonly #target: string;

  private constructor(path: string, target: string) {
    this.path = path;
    this.#target = target;
  }

  /** `conflict` while another process pulls the same. */
  static async open(parent: string, id: string): Promise<PartialFolder> {
    const folder = new PartialFolder(join(parent, `.${id}.partial`), join(parent, id));
    await mkdir(folder.path, { recursive: true });
    await folder.#lock(id);
    return folder;
  }

  /** `storage_full` where `bytes` more would not fit. */
  async requireRoom(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.path);
    if (bavail * bsize >= bytes + margin) return;
    const detail = `Expected room for ${megabytes(bytes)} in ${this.path} but there is ${megabytes(bavail * bsize)}.`;
    throw new ArmatureError('storage_full', detail);
  }

  /** Puts the folder in its place, whole. Returns its path. */
  async finish(): Promise<string> {
    await this.release();
    await rename(this.path, this.#target);
    return this.#target;
  }

  /** Leaves it for the next pull to go on with. */
  async release(): Promise<void> {
    await rm(this.#lockFile, { force: true });
  }

  get #lockFile(): string {
    return join(this.path, '.lock');
  }

  async #lock(id: string): Promise<void> {
    const owner = Number(await readFile(this.#lockFile, 'utf8').catch(() => '0'));
    if (owner !== 0 && owner !== process.pid && isAlive(owner)) {
      throw new ArmatureError('conflict', `The process ${owner} is pulling ${id} already.`);
    }
    await rm(this.#lockFile, { force: true });
    const file = await open(this.#lockFile, 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
  }
}

export async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: somebody else's process, which is alive.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
