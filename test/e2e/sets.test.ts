import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root, Service } from '../support/service.ts';
import { packZip, tarEntry } from '../training/data/pack.ts';

const mebibyte = 2 ** 20;
let service: Service;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'armature-sets-'));
  service = await Service.start();
});
afterAll(async () => {
  await service?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface SetAnswer {
  readonly id: string;
  readonly received: number;
  readonly whole: boolean;
}

const known = async (id: string): Promise<SetAnswer> =>
  (await (await service.fetch(`/v1/uploads/${id}`)).json()) as SetAnswer;

/** The bytes of a set, from the files of the store. */
async function stored(id: string): Promise<Buffer> {
  const at = join(service.data, 'objects', 'tenants', 'default', 'sets', id);
  const names = (await readdir(at)).toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  return Buffer.concat(await Promise.all(names.map(async (name) => await readFile(join(at, name)))));
}

it('goes on where the server was killed', async () => {
  const archive = Buffer.concat([tarEntry('a.bin', randomBytes(11 * mebibyte)), Buffer.alloc(1024)]);
  const made = await service.fetch('/v1/uploads?kind=set', { method: 'POST' });
  const { id } = (await made.json()) as SetAnswer;
  const headers = { 'content-length': archive.length };
  const sending = request(new URL(`/v1/uploads/${id}`, service.address), { method: 'PUT', headers });
  const broken = once(sending, 'error');
  sending.write(archive.subarray(0, 10 * mebibyte));
  await expect.poll(async () => (await known(id)).received, { timeout: 30_000 }).toBe(8 * mebibyte);
  await service.stop('SIGKILL');
  await broken;
  service = await Service.start({ data: service.data });
  const { received } = await known(id);
  expect(received).toBe(8 * mebibyte);
  const range = `bytes ${received}-${archive.length - 1}/${archive.length}`;
  const rest = await service.fetch(`/v1/uploads/${id}`, {
    method: 'PUT',
    headers: { 'content-range': range },
    body: archive.subarray(received),
  });
  expect([rest.status, ((await rest.json()) as SetAnswer).whole]).toEqual([200, true]);
  expect((await stored(id)).equals(archive)).toBe(true);
}, 120_000);

it('comes by the lines of docs/api.md, as printed', async () => {
  const text = readFileSync(new URL('docs/api.md', root), 'utf8').split('\n## Uploads\n')[1]!.split('\n## ')[0]!;
  const scripts = [...text.matchAll(/```sh\n([^`]*)```/g)].map(([, script = '']) => script);
  const [begin, send, goOn, list] = ['kind=set', 'curl -T cats', 'tail -c', "?kind=set'\n"].map((words) =>
    scripts.findLast((script) => script.includes(words) && (words !== 'kind=set' || script.includes('POST')))!,
  );
  await writeFile(join(folder, 'cats.zip'), await packZip({ 'a.bin': randomBytes(3 * mebibyte) }));
  const run = async (script: string, id = ''): Promise<string> => {
    const here = script.replaceAll('http://127.0.0.1:7860', service.address).replaceAll('upl_0197...', id);
    return (await promisify(execFile)('bash', ['-euc', here], { cwd: folder })).stdout;
  };
  const first = JSON.parse(await run(begin!)) as SetAnswer;
  expect(JSON.parse(await run(send!, first.id))).toMatchObject({ whole: true, content_type: 'application/zip' });
  const second = JSON.parse(await run(begin!)) as SetAnswer;
  const start = (await readFile(join(folder, 'cats.zip'))).subarray(0, 100_000);
  const headers = { 'content-range': 'bytes 0-99999/*' };
  await service.fetch(`/v1/uploads/${second.id}`, { method: 'PUT', headers, body: start });
  expect(JSON.parse(await run(goOn!, second.id))).toMatchObject({ whole: true });
  expect((await stored(second.id)).equals(await readFile(join(folder, 'cats.zip')))).toBe(true);
  expect(JSON.parse(await run(list!))).toMatchObject({ data: [{ id: second.id, name: 'cats' }, { id: first.id }, {}] });
}, 120_000);
