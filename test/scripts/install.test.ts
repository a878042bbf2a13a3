import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { root } from '../support/service.ts';

const folder = await mkdtemp(join(tmpdir(), 'armature-install-'));
afterAll(async () => await rm(folder, { recursive: true, force: true }));

// As npm ci does while packages are on their way.
const deaf = `for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => console.log('waits for downloads'));
setInterval(() => {}, 1000);
console.log('npm ' + process.pid + ' ' + process.argv.slice(2).join(' '));
`;

test.each(['SIGINT', 'SIGTERM'] as const)('%s while packages are installed ends npm too, at once', async (signal) => {
  for (const name of ['scripts', 'package-lock.json'])
    await cp(fileURLToPath(new URL(name, root)), join(folder, name), { recursive: true });
  const npm = join(folder, 'npm.cjs');
  await writeFile(npm, deaf);
  const env = { ...process.env, npm_execpath: npm };
  const start = spawn(process.execPath, ['scripts/start.mjs'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(start, 'close');
  let output = '';
  const installing = new Promise<void>((resolve) => {
    start.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (/^.*npm \d+ .*\n/m.test(output)) resolve();
    });
  });
  await Promise.race([installing, ended]);
  expect(output).toMatch(/Installing the npm packages \(npm ci\) \.\..*npm \d+ ci /);
  // Its own progress would wipe out our line.
  expect(output).toContain(' --no-progress ');
  start.kill(signal);
  // The output is closed once nobody has it any more, npm neither.
  expect(await ended).toEqual([null, signal]);
});
