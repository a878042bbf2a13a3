import { randomUUID } from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { prepareDataFolder } from '../../../src/records/data-folder/data-folder.ts';
import { lockFolder } from '../../../src/records/data-folder/folder-lock.ts';
import { openRecords } from '../../../src/records/open.ts';
import { processStart } from '../../../src/records/data-folder/process-identity.ts';
import { newDataFolder } from '../../support/embedded-template.ts';

const folders: string[] = [];
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'armature-folder-'));
  folders.push(folder);
  return folder;
}
afterAll(() => {
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true });
  }
});

const inUse = expect.objectContaining({ code: 'data_in_use' });

describe('the layout of a data folder', () => {
  it('is made where there is none, and is then left as it is', async () => {
    const folder = join(newFolder(), 'deep', 'data');
    const places = await prepareDataFolder(folder);
    expect(readFileSync(join(folder, 'version'), 'utf8')).toBe('1\n');
    expect(existsSync(places.models)).toBe(true);
    writeFileSync(join(places.models, 'mine'), 'kept');
    expect(await prepareDataFolder(folder)).toEqual(places);
    expect(readFileSync(join(places.models, 'mine'), 'utf8')).toBe('kept');
  });

  it('is refused where a newer release has made it', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'version'), '99\n');
    const opening = prepareDataFolder(folder);
    await expect(opening).rejects.toMatchObject({ code: 'invalid_config' });
    await expect(opening).rejects.toThrow(/layout version 99, but this release knows versions up to 1\b/);
  });

  it('is refused where the folder is something else', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'version'), 'v2.1');
    await expect(prepareDataFolder(folder)).rejects.toMatchObject({ code: 'invalid_config' });
    await expect(prepareDataFolder(join(folder, 'version', 'below'))).rejects.toMatchObject({ code: 'invalid_config' });
  });

  it('is one where processes were killed while they wrote its files, whose drafts go in time', async () => {
    const folder = newFolder();
    const id = randomUUID();
    const left = ['found-models.123.tmp', `armature.json.${id}.part`, `file-hashes.${id}`, `server.json.${id}`];
    for (const name of left) writeFileSync(join(folder, name), 'half');
    await prepareDataFolder(folder);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(left));
    const [fresh, ...old] = left;
    for (const name of old) utimesSync(join(folder, name), 1, 1);
    writeFileSync(join(folder, 'found-models.txt'), 'mine');
    utimesSync(join(folder, 'found-models.txt'), 1, 1);
    await prepareDataFolder(folder);
    expect(readdirSync(folder).toSorted()).toEqual([fresh!, 'found-models.txt', 'models', 'version'].toSorted());
  });

  it('is refused where its version is a pipe, which nobody may ever write to', async () => {
    const folder = newFolder();
    execFileSync('mkfifo', [join(folder, 'version')]);
    await expect(prepareDataFolder(folder)).rejects.toThrow(/Expected .*version to be a file/);
  });
});

describe('the lock of a data folder', () => {
  it('refuses a second owner in one line that says who and what to do', async () => {
    const folder = newFolder();
    const lock = await lockFolder(folder);
    const refused = lockFolder(folder);
    await expect(refused).rejects.toEqual(inUse);
    await expect(refused).rejects.toThrow(
      new RegExp(`^The data folder .* is in use by process ${process.pid}: stop .*--data\\.$`),
    );
    await lock.release();
    await (await lockFolder(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('goes to one of many who ask at once', async () => {
    const folder = newFolder();
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(['lock']);
  });

  it('is taken over from a process that was killed', async () => {
    const folder = newFolder();
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const owner = { pid: child.pid!, started: processStart(child.pid!), host: hostname() };
    writeFileSync(join(folder, 'lock'), JSON.stringify(owner));
    await expect(lockFolder(folder)).rejects.toEqual(inUse);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    await (await lockFolder(folder)).release();
  });

  it('is taken over where another process has got the pid since, and where no release of ours wrote it', async () => {
    const folder = newFolder();
    for (const content of [
      JSON.stringify({ pid: process.pid, started: 'another time', host: hostname() }),
      'torn{',
      'null',
    ]) {
      writeFileSync(join(folder, 'lock'), content);
      await (await lockFolder(folder)).release();
    }
  });

  it('is believed of another host for half a minute after its last sign of life', async () => {
    const folder = newFolder();
    const path = join(folder, 'lock');
    writeFileSync(path, JSON.stringify({ pid: 1, started: '1', host: 'another-host' }));
    await expect(lockFolder(folder)).rejects.toThrow(/in use by process 1 on another-host/);
    const past = new Date(Date.now() - 31_000);
    utimesSync(path, past, past);
    await (await lockFolder(folder)).release();
  });

  it('is held while embedded records are open', async () => {
    const dataFolder = await newDataFolder();
    const { records } = await openRecords({ dataFolder });
    await expect(openRecords({ dataFolder })).rejects.toEqual(inUse);
    await records.ping();
    await records.close();
    const again = await openRecords({ dataFolder });
    await again.records.close();
  });
});
