import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const folder = await mkdtemp(join(tmpdir(), 'armature-progress-'));
afterAll(async () => await rm(folder, { recursive: true, force: true }));

const progress = new URL('../../scripts/progress.mjs', import.meta.url);

/** Holds its event loop until two dots more than those of the beginning have come, as loading modules does for seconds. */
const holding = (file: string): string => `
  import { readFileSync } from 'node:fs';
  import { step } from ${JSON.stringify(progress.href)};
  const held = step('Holding');
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  const latest = performance.now() + 60_000;
  while (!readFileSync(${JSON.stringify(file)}, 'utf8').includes('....') && performance.now() < latest) Atomics.wait(nobody, 0, 0, 50);
  held.done();
  held.done();
  step('Next').done();
`;

test('a step shows that it goes on while the event loop is held, and its line ends with it', async () => {
  const file = join(folder, 'output');
  const stdout = await open(file, 'w');
  const args = ['--input-type=module', '--eval', holding(file)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', stdout.fd, 'inherit'] });
  expect(await once(child, 'close')).toEqual([0, null]);
  await stdout.close();
  expect(await readFile(file, 'utf8')).toMatch(/^Holding \.{4,} \d+\.\d s\nNext \.\. \d+\.\d s\n$/);
});
