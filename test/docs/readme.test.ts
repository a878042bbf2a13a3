import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import { root, Service } from '../support/service.ts';

const readme = readFileSync(new URL('README.md', root), 'utf8');
const curls = [...readme.matchAll(/```sh\n(curl[^`]*)```/g)].map(([, block = '']) => block);
let service: Service;
let folder: string;

beforeAll(async () => {
  service = await Service.start();
  folder = await mkdtemp(join(tmpdir(), 'armature-readme-'));
  for (const name of ['examples', 'test']) await symlink(fileURLToPath(new URL(name, root)), join(folder, name));
});
afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

it('the curl lines of the README work as printed', async () => {
  expect(curls.length).toBeGreaterThanOrEqual(3);
  for (const block of curls) {
    const script = block
      .replaceAll('http://127.0.0.1:7860', service.address)
      .replaceAll('curl -sS ', 'curl -sS --fail-with-body ');
    const printed = execFileSync('bash', ['-euc', script], { cwd: folder, encoding: 'utf8' });
    if (!block.includes(' -o ')) expect(printed).toContain('"status"');
  }
  const pictures = (await readdir(folder)).filter((name) => /\.(png|webp)$/.test(name)).toSorted();
  expect(pictures).toEqual(['cube.png', 'edges.png', 'two.webp']);
  for (const name of pictures) expect((await decodePicture(readFileSync(join(folder, name)))).width).toBeGreaterThan(0);
});

it('every file that the README links to is there', () => {
  const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !link.includes(':'));
  expect(links.length).toBeGreaterThan(5);
  for (const link of links) expect(() => readFileSync(new URL(link, root)), link).not.toThrow(/ENOENT/);
});
