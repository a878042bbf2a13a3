import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runningServer } from '../../../src/service/server-file.ts';
import { isDataFolder, prepareDataFolder, requireOwnFolder } from '../../../src/records/data-folder/data-folder.ts';
import { openFileStore } from '../../../src/store/file-store.ts';
import { processStart } from '../../../src/records/data-folder/process-identity.ts';
import { newDataFolder } from '../../support/embedded-template.ts';
import { armature, type Finished, spawnArmature } from '../armature.ts';

const controlNet = fileURLToPath(new URL('../../../models/diorama/controlnet-canny', import.meta.url));
const photo = fileURLToPath(new URL('../../../examples/photo.jpg', import.meta.url));

/** Where the user stands, and where the home is. */
let work: string;
let home: string;
beforeEach(async () => {
  work = await realpath(await mkdtemp(join(tmpdir(), 'armature-places-')));
  home = join(work, 'home');
  await mkdir(home);
  return async () => await rm(work, { recursive: true, force: true });
});

async function at(folder: string, ...args: readonly string[]): Promise<Finished> {
  return await armature(args, { HOME: home, XDG_DATA_HOME: '' }, folder);
}

/** Where the README says to put a model. */
async function putModel(data: string): Promise<void> {
  await cp(controlNet, join(data, 'models', 'my-edges'), { recursive: true });
}

describe('the data folder of every command', () => {
  it('is ./data where somebody has put models, also before a server has run', async () => {
    const data = join(work, 'data');
    await putModel(data);
    const listed = await at(work, 'models', 'list');
    expect(listed.stdout).toMatch(/^my-edges /m);
    expect(listed.stderr).toBe(`(data folder ${data})\n`);
    const typed = await at(work, 'models', 'set-type', 'my-edges', 'canny');
    expect(typed).toMatchObject({ code: 0, stdout: 'my-edges is for canny.\n', stderr: `(data folder ${data})\n` });
    expect(await readdir(home)).toEqual([]);
  });

  const size = ['--width', '64', '--height', '64', '--steps', '1'];
  it.each([
    ['keys create', ['keys', 'create', '--name', 'x']],
    ['keys list', ['keys', 'list']],
    ['data erase', ['data', 'erase', '--tenant', 'default', '--yes']],
    ['extract', ['extract', 'canny', photo, '-o', 'map.png']],
    ['generate', ['generate', 'a ball', ...size, '-o', 'out.png']],
    ['upscale', ['upscale', photo, '--scale', '1', '-o', 'large.png']],
    ['models show', ['models', 'show', 'diorama']],
    ['models graph', ['models', 'graph', 'diorama-canny', '--network', 'hint-encoder']],
    ['models set', ['models', 'set', 'diorama', '--prediction-type', 'epsilon']],
    ['models verify', ['models', 'verify', 'diorama-canny']],
    ['models gc', ['models', 'gc']],
  ])('is ./data for %s', async (_, args) => {
    const data = join(work, 'data');
    await cp(await newDataFolder(), data, { recursive: true });
    await mkdir(join(data, 'models'));
    const { code, stderr } = await at(work, ...args);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`(data folder ${data})\n`);
    expect(await readdir(home)).not.toContain('.armature');
  });

  it('is the default one where ./data is something else, and is named where a command fails', async () => {
    await mkdir(join(work, 'data', 'models'), { recursive: true });
    await writeFile(join(work, 'data', 'table.csv'), '1,2');
    const { code, stderr } = await at(work, 'models', 'set-type', 'my-edges', 'canny');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/^armature: .*my-edges.*\n\(data folder .*\)\n$/);
    expect(stderr).toContain(`(data folder ${join(home, '.armature')})\n`);
    expect(await readdir(join(work, 'data'))).toEqual(['models', 'table.csv']);
  });

  it('is the one that was said, by a flag or a variable', async () => {
    await putModel(join(work, 'data'));
    const other = join(work, 'other');
    const byFlag = await at(work, 'models', 'list', '--data', other);
    expect(byFlag.stdout).not.toContain('my-edges');
    expect(byFlag.stderr).toBe(`(data folder ${other})\n`);
    const byVariable = await armature(['models', 'list'], { HOME: home, ARMATURE_DATA: other }, work);
    expect(byVariable.stderr).toBe(`(data folder ${other})\n`);
  });
});

describe('a running server', () => {
  let place: string;
  let data: string;
  let child: ChildProcess;
  let address: string;
  beforeAll(async () => {
    place = await realpath(await mkdtemp(join(tmpdir(), 'armature-served-')));
    data = join(place, 'data');
    await cp(await newDataFolder(), data, { recursive: true });
    await mkdir(join(data, 'models'));
    child = spawnArmature(['serve', '--port', '0', '--log-level', 'fatal'], { HOME: place, XDG_DATA_HOME: '' }, place);
    while (runningServer(data) === null) await pause(50);
    address = runningServer(data)!;
  });
  afterAll(async () => await rm(place, { recursive: true, force: true }));

  it('is found by commands that talk to one, and by keys', async () => {
    const jobs = await armature(['jobs', 'list'], { HOME: place, XDG_DATA_HOME: '' }, place);
    expect(jobs).toMatchObject({ code: 0, stdout: 'No jobs.\n', stderr: `(server ${address})\n` });
    const made = await armature(
      ['keys', 'create', '--name', 'operator', '--scope', 'admin', '--scope', 'read'],
      { HOME: place, XDG_DATA_HOME: '' },
      place,
    );
    expect(made.code, made.stderr).toBe(0);
    expect(made.stderr).toContain(`(server ${address})\n`);
    const key = made.stdout.trim();
    const asked = await fetch(`${address}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
    expect(asked.status).toBe(200);
    // From now on it wants one.
    const refused = await armature(['keys', 'list'], { HOME: place, XDG_DATA_HOME: '' }, place);
    expect(refused.stderr).toMatch(/^armature: A server has .* in use\..*ARMATURE_API_KEY.*\n/);
    const listed = await armature(['keys', 'list'], { HOME: place, XDG_DATA_HOME: '', ARMATURE_API_KEY: key }, place);
    expect(listed.stdout).toMatch(/operator/);
  });

  it('takes its file away when it stops, and is not believed in when it was killed', async () => {
    const said = await readFile(join(data, 'server.json'), 'utf8');
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    expect(await readdir(data)).not.toContain('server.json');
    await writeFile(join(data, 'server.json'), said);
    expect(runningServer(data)).toBeNull();
  });

  it('is not believed in where the file says what cannot be', async () => {
    const own = {
      address: 'http://127.0.0.1:1',
      pid: process.pid,
      started: processStart(process.pid),
      host: hostname(),
    };
    const write = async (content: unknown): Promise<string | null> => {
      await writeFile(join(work, 'server.json'), JSON.stringify(content));
      return runningServer(work);
    };
    expect(await write(own)).toBe(own.address);
    for (const change of [
      { host: 'elsewhere' },
      { started: 'another time' },
      { address: 'file:///etc' },
      { pid: -1 },
    ]) {
      expect(await write({ ...own, ...change })).toBeNull();
    }
    await writeFile(join(work, 'own.json'), JSON.stringify(own));
    await rm(join(work, 'server.json'));
    await symlink(join(work, 'own.json'), join(work, 'server.json'));
    expect(runningServer(work)).toBeNull();
  });
});

describe('a folder of other things', () => {
  it.each([
    ['files', async () => await writeFile(join(work, 'novel.txt'), 'x')],
    ['drafts that are not ours', async () => await put('drafts', 'novel.txt')],
    ['objects that are not ours', async () => await put('objects', 'spoon')],
    ['a database that is not ours', async () => await put('database', 'rows.db')],
    ['models and more', async () => await put('models', 'x').then(async () => await put('src', 'main.c'))],
    [
      'a version that is none',
      async () => await writeFile(join(work, 'version'), 'v2').then(async () => await put('src', 'x')),
    ],
  ])('is refused: %s', async (_, make) => {
    await rm(home, { recursive: true });
    await make();
    expect(() => requireOwnFolder(work)).toThrow(/^Expected a data folder of Armature, or an empty one, but .*--data/);
    expect(isDataFolder(work)).toBe(false);
    await expect(prepareDataFolder(work)).rejects.toMatchObject({ code: 'invalid_config' });
  });

  it('is no folder at all', async () => {
    await writeFile(join(work, 'file'), 'x');
    const problem = new RegExp(`^Expected a data folder of Armature, or an empty one, but ${work}/file is no folder`);
    expect(() => requireOwnFolder(join(work, 'file'))).toThrow(problem);
    await expect(prepareDataFolder(join(work, 'file'))).rejects.toMatchObject({ code: 'invalid_config' });
  });

  it('is left as it is by every command', async () => {
    await writeFile(join(work, 'novel.txt'), 'x');
    const commands = [
      ['serve', '--port', '0'],
      ['keys', 'create', '--name', 'x'],
      ['data', 'erase', '--tenant', 'x', '--yes'],
      ['models', 'list'],
      ['models', 'show', 'diorama'],
      ['models', 'graph', 'diorama'],
      ['models', 'set', 'diorama', '--prediction-type', 'epsilon'],
      ['models', 'set-type', 'diorama-canny', 'canny'],
      ['models', 'verify', 'diorama'],
      ['models', 'rm', 'diorama'],
      ['models', 'gc'],
      ['models', 'pull', 'control-sd15-canny', '--hub', 'http://127.0.0.1:1'],
      ['generate', 'x'],
      ['extract', 'canny', photo, '-o', join(home, 'map.png')],
      ['upscale', photo, '--scale', '1', '-o', join(home, 'large.png')],
    ];
    for (const command of commands) {
      const { code, stderr } = await at(work, ...command, '--data', work);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^armature: Expected a data folder of Armature.*\n$/)]);
    }
    expect((await readdir(work)).toSorted()).toEqual(['home', 'novel.txt']);
  });

  it('is none where there is nothing but what systems put everywhere, or what is ours', async () => {
    await rm(home, { recursive: true });
    await mkdir(join(work, 'lost+found'));
    await writeFile(join(work, '.DS_Store'), '');
    await put('objects', 'tenants');
    await put('drafts', '01234567-89ab-4def-8123-456789abcdef');
    await prepareDataFolder(work);
    await writeFile(join(work, 'beside.txt'), 'marked by now');
    await prepareDataFolder(work);
    expect(isDataFolder(work)).toBe(true);
    expect(isDataFolder(join(work, 'nowhere'))).toBe(false);
    expect(isDataFolder(join(work, 'lost+found'))).toBe(false);
  });

  async function put(folder: string, name: string): Promise<void> {
    await mkdir(join(work, folder), { recursive: true });
    await writeFile(join(work, folder, name), 'x');
  }
});

describe('erasing', () => {
  it.each(['tenants', 'tenants/shop', 'tenants/shop/inputs'])('does not follow the link %s', async (linked) => {
    const store = await openFileStore(join(work, 'data'));
    const outside = join(work, 'outside');
    for (const name of ['shop/inputs/photo', 'inputs/photo', 'photo']) {
      await mkdir(join(outside, name, '..'), { recursive: true });
      await writeFile(join(outside, name), 'mine');
    }
    const link = join(work, 'data', 'objects', ...linked.split('/'));
    await mkdir(join(link, '..'), { recursive: true });
    await symlink(outside, link);
    await store.delete('tenants/shop/inputs/photo');
    await store.deleteAll('tenants/shop/inputs/');
    await store.deleteAll('tenants/shop/');
    expect(await readdir(outside, { recursive: true })).toHaveLength(6);
  });

  it('works where all objects are on another disk', async () => {
    await mkdir(join(work, 'data'));
    await mkdir(join(work, 'disk'));
    await symlink(join(work, 'disk'), join(work, 'data', 'objects'));
    const store = await openFileStore(join(work, 'data'));
    await store.put('tenants/shop/inputs/a', Buffer.from('x'), 'image/png');
    await store.put('tenants/shop/inputs/b', Buffer.from('x'), 'image/png');
    await store.delete('tenants/shop/inputs/a');
    expect(await store.stat('tenants/shop/inputs/a')).toBeNull();
    await store.deleteAll('tenants/shop/');
    expect(await store.stat('tenants/shop/inputs/b')).toBeNull();
  });
});
