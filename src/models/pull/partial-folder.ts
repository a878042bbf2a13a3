import { lstat, mkdir, open, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmatureError, hasCode } from '../../errors.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { requireDiskRoom } from '../../files/require-room.ts';

/** File in a partial folder that says that a pull made it. */
const markName = '.armature-partial';

/** File in it that says that the empty folder where its model is to be is the pull's own. */
const placingName = '.placing';

/** File in it that names the process whose it is. */
const lockName = '.lock';

/** Where a pull keeps what it has until all of it is there: a hidden folder beside the model's own. */
export class PartialFolder {
  readonly path: string;
  readonly #target: string;

  private constructor(path: string, target: string) {
    this.path = path;
    this.#target = target;
  }

  /**
   * Makes it, or goes on with one that an earlier pull has left. `conflict` while another process pulls the same, and for a
   * folder of that name that no pull has made, or that leads elsewhere.
   */
  static async open(parent: string, id: string): Promise<PartialFolder> {
    const folder = new PartialFolder(join(parent, `.${id}.partial`), join(parent, id));
    await makeFolder(parent);
    await folder.#take();
    await folder.#lock(id);
    return folder;
  }

  /** Takes away the empty folder that a pull has put where its model is to be, and that it was killed before it could fill. */
  static async clearPlace(parent: string, id: string): Promise<void> {
    const placing = await lstat(join(parent, `.${id}.partial`, placingName)).catch(() => null);
    if (placing?.isFile() === true) await rmdir(join(parent, id)).catch(() => undefined);
  }

  /** Ids of the pulls whose partial folders lie in `parent`, those that go on now too. */
  static async leftIn(parent: string): Promise<readonly string[]> {
    const names = await readdir(parent).catch(() => []);
    const ids = names.flatMap((name) => /^\.(.+)\.partial$/.exec(name)?.[1] ?? []);
    const marked = await Promise.all(
      ids.map(
        async (id) => (await lstat(join(parent, `.${id}.partial`, markName)).catch(() => null))?.isFile() === true,
      ),
    );
    return ids.filter((_, index) => marked[index]).toSorted();
  }

  /** Deletes all that is there of the pull. Returns its bytes. */
  async discard(): Promise<number> {
    const found = await readdir(this.path, { withFileTypes: true, recursive: true });
    const files = found.filter((entry) => entry.isFile());
    const sizes = await Promise.all(
      files.map(async ({ parentPath, name }) => (await lstat(join(parentPath, name))).size),
    );
    // Its lock last: whoever comes meanwhile is told that the process is at work.
    for (const entry of await readdir(this.path)) {
      if (entry !== lockName) await rm(join(this.path, entry), { recursive: true });
    }
    await rm(this.path, { recursive: true });
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** `storage_full` where `bytes` more would not fit. */
  async requireRoom(bytes: number): Promise<void> {
    await requireDiskRoom(this.path, bytes);
  }

  /** Puts the folder in its place, whole. Returns its path. `conflict` where something has come to have its name. */
  async finish(): Promise<string> {
    await writeFile(this.#placing, '');
    // An empty folder of our own is what the rename may replace; anything else there belongs to somebody.
    await mkdir(this.#target).catch(async (cause: unknown) => {
      await rm(this.#placing, { force: true });
      const detail = `${this.#target} is there by now and is left as it is. Move it away and pull again.`;
      throw new ArmatureError('conflict', detail, { cause });
    });
    try {
      // Windows does not rename a folder to the name of one, empty or not.
      if (process.platform === 'win32') await rmdir(this.#target);
      await rename(this.path, this.#target);
    } catch (error) {
      await rmdir(this.#target).catch(() => undefined);
      await rm(this.#placing, { force: true });
      throw error;
    }
    // Last: a pull that ends before leaves what the next one takes for a pull's.
    for (const name of [placingName, lockName, markName]) await rm(join(this.#target, name), { force: true });
    return this.#target;
  }

  /** Leaves it for the next pull to go on with. */
  async release(): Promise<void> {
    await rm(this.#lockFile, { force: true });
  }

  get #lockFile(): string {
    return join(this.path, lockName);
  }

  get #placing(): string {
    return join(this.path, placingName);
  }

  get #mark(): string {
    return join(this.path, markName);
  }

  /** Makes the folder and marks it, or makes sure that the one that is there is marked and holds files and folders alone. */
  async #take(): Promise<void> {
    await mkdir(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    if (!(await lstat(this.path)).isDirectory()) throw this.#notOurs('it is no folder');
    const found = await readdir(this.path, { withFileTypes: true, recursive: true });
    const other = found.find((entry) => !entry.isFile() && !entry.isDirectory());
    if (other !== undefined) throw this.#notOurs(`${other.name} in it is no file`);
    const names = found.filter(({ parentPath }) => parentPath === this.path).map(({ name }) => name);
    if (names.includes(markName)) return;
    // One that holds nothing, or nothing but the lock of a pull that ended before it came further, is nobody's work.
    if (names.some((name) => name !== lockName)) throw this.#notOurs('no pull has made it');
    await writeFile(this.#mark, '', { flag: 'wx' });
  }

  #notOurs(why: string): ArmatureError {
    const detail = `The pull would be kept in ${this.path}, which is left as it is: ${why}. Move it away and pull again.`;
    return new ArmatureError('conflict', detail);
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

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: somebody else's process, which is alive.
    return hasCode(error, 'EPERM');
  }
}
