import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { placeEmptyDatabase } from '../support/database-template.ts';
import { freePort } from '../support/free-port.ts';
import { root } from '../support/service.ts';

let clone: string;
let dev: ChildProcess | undefined;
let output = '';
let said = (): void => {};

/** A copy of the sources, which may be changed. */
beforeAll(async () => {
  clone = await mkdtemp(join(tmpdir(), 'armature-clone-'));
  for (const name of ['src', 'scripts', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'])
    await cp(fileURLToPath(new URL(name, root)), join(clone, name), { recursive: true });
  for (const name of ['node_modules', 'models']) await symlink(fileURLToPath(new URL(name, root)), join(clone, name));
  // As Emacs leaves them beside files that are open in it.
  for (const name of ['.#errors.ts', 'web/.#start.html'])
    await symlink('someone@somewhere.1', join(clone, 'src', name));
  await placeEmptyDatabase(join(clone, 'data'));
});
afterAll(async () => {
  if (dev?.exitCode === null) {
    // Killed at once, it would leave its server behind.
    dev.kill('SIGTERM');
    await once(dev, 'exit');
  }
  await rm(clone, { recursive: true, force: true });
});

/** Resolves when the program has said that since `from`, a length of its output. */
async function says(text: string, from = 0): Promise<void> {
  while (!output.slice(from).includes(text)) {
    if (dev?.exitCode !== null) throw new Error(`It ended without "${text}":\n${output}`);
    await new Promise<void>((resolve) => (said = resolve));
  }
}

async function edit(file: string, before: string, after: string): Promise<void> {
  const path = join(clone, 'src', file);
  const text = await readFile(path, 'utf8');
  expect(text).toContain(before);
  await writeFile(path, text.replace(before, after));
}

it('npm run dev serves what is written, and goes on with what it has where that does not compile', async () => {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  dev = spawn(process.execPath, ['scripts/dev.mjs', '--port', String(port)], { cwd: clone, stdio: 'pipe' });
  dev.on('exit', () => said());
  for (const stream of [dev.stdout, dev.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      said();
    });
  await says('answers at');

  let from = output.length;
  await edit(
    'errors.ts',
    'export class ArmatureError',
    'export const broken: number = "text";\nexport class ArmatureError',
  );
  await says('does not compile', from);
  expect((await fetch(`${address}/livez`)).status).toBe(200);
  // Its children are started from there.
  expect(await readFile(join(clone, 'dist', 'errors.js'), 'utf8')).not.toContain('broken');

  from = output.length;
  await edit('errors.ts', 'export const broken: number = "text";\n', '');
  await edit('web/start.html', '<title>', '<title>Anew: ');
  await says('answers at', from);
  const page = await fetch(address, { headers: { accept: 'text/html' } });
  expect(await page.text()).toContain('<title>Anew: ');

  dev.kill('SIGTERM');
  expect(await once(dev, 'exit')).toEqual([0, null]);
  await expect(fetch(`${address}/livez`)).rejects.toThrow('fetch failed');
}, 240_000);
