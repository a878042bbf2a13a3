import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { DatabaseThread } from '../../../src/records/database/database-thread.ts';
import { openRecords } from '../../../src/records/open.ts';
import { newDataFolder } from '../../support/embedded-template.ts';

const entry = new URL('../../../dist/records/open.js', import.meta.url);

/** Runs a module in a process of its own, with `openRecords` and the data folder at hand. */
function run(code: string, folder: string) {
  const text = `import { openRecords } from ${JSON.stringify(entry.href)};
    const { records, queueEngine } = await openRecords({ dataFolder: ${JSON.stringify(folder)} });
    ${code}`;
  return spawn(process.execPath, ['--input-type=module', '--eval', text], {
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function output(child: ReturnType<typeof run>): Promise<{ readonly code: number | null; readonly text: string }> {
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
}

describe("the embedded database's thread", () => {
  it('keeps its process alive for as long as an answer is awaited, and no longer', async () => {
    const child = run("await records.ping(); await records.ping(); console.log('answered');", await newDataFolder());
    expect(await output(child)).toEqual({ code: 0, text: 'answered\n' });
  });

  it('dies with a process that is killed in mid-statement, whose folder opens again with all that was answered', async () => {
    const folder = await newDataFolder();
    const child = run(
      `const { pool } = queueEngine();
      await pool.query('create table public.entry (n integer)');
      await pool.query('insert into public.entry values (1)');
      console.log('written');
      await pool.query('insert into public.entry select * from generate_series(2, 100000000)');`,
      folder,
    );
    await once(child.stdout, 'data');
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    const after = run(
      `console.log(JSON.stringify((await queueEngine().pool.query('select n from public.entry')).rows));
      await records.close();`,
      folder,
    );
    expect(await output(after)).toEqual({ code: 0, text: '[{"n":1}]\n' });
  });

  it('ends with a process that ends itself in mid-statement', async () => {
    const child = run(
      `setTimeout(() => process.exit(7), 100);
      await queueEngine().pool.query('select count(*) from generate_series(1, 1000000000)');`,
      await newDataFolder(),
    );
    expect(await output(child)).toEqual({ code: 7, text: '' });
  });
});

describe('an opening that is given up', () => {
  it('ends wherever it is, leaves no lock, and the next one makes what it has left whole', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'armature-given-up-'));
    const giveUp = new AbortController();
    const opening = openRecords({ dataFolder }, giveUp.signal);
    const refused = expect(opening).rejects.toMatchObject({ code: 'cancelled' });
    while (!existsSync(join(dataFolder, 'database', 'base'))) await new Promise((resolve) => setImmediate(resolve));
    giveUp.abort();
    await refused;
    expect(existsSync(join(dataFolder, 'lock'))).toBe(false);
    expect(existsSync(join(dataFolder, 'database', 'PG_VERSION'))).toBe(false);
    const { records } = await openRecords({ dataFolder });
    await records.ping();
    await records.close();
    await rm(dataFolder, { recursive: true });
  }, 120_000);

  it('is said to be given up once the thread has ended: until then the folder is not let go', async () => {
    const started = new Promise<Worker>((resolve) => process.once('worker', resolve));
    const giveUp = new AbortController();
    const thread = await DatabaseThread.open(join(await newDataFolder(), 'database'), () => {}, giveUp.signal);
    let ended = false;
    (await started).once('exit', () => (ended = true));
    const asked = thread.run('select count(*) from generate_series(1, 1000000000)', []);
    giveUp.abort();
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
    expect(ended).toBe(true);
  });

  it('is none where that comes before it, or once all is open', async () => {
    const dataFolder = await newDataFolder();
    await expect(openRecords({ dataFolder }, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
    const giveUp = new AbortController();
    const { records } = await openRecords({ dataFolder }, giveUp.signal);
    giveUp.abort();
    await records.ping();
    await records.close();
  });
});
