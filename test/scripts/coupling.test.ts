import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { missing } from '../support/missing.ts';
import { root } from '../support/service.ts';

const cwd = fileURLToPath(root);
const history = existsSync(new URL('.git', root)) ? cwd : null;

it.skipIf(missing('history of git', history) !== null)(
  'stopped by Ctrl-C, the measuring of coupling leaves nothing behind',
  async () => {
    const measuring = spawn(process.execPath, ['scripts/coupling.mjs'], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(measuring, 'exit');
    const folder = await new Promise<string>((resolve, reject) => {
      let said = '';
      measuring.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const place = /^coupling: HEAD in (.+)$/m.exec(said)?.[1];
        if (place !== undefined) resolve(place);
      });
      measuring.once('exit', () => reject(new Error(`It ended by itself: ${said}`)));
    });
    expect(existsSync(folder)).toBe(true);
    measuring.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(existsSync(folder)).toBe(false);
    expect(spawnSync('git', ['worktree', 'list'], { cwd, encoding: 'utf8' }).stdout).not.toContain(folder);
  },
  60_000,
);
