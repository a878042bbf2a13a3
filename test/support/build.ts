import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Builds dist/ once before the suite: tests that start the command line or a child process run what a user runs. Type
 * errors are the business of `npm run check`; the compiler writes what it can. The web pages are copied.
 */
export default function build(): void {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'ignore',
  });
  cpSync(join(root, 'src', 'web'), join(root, 'dist', 'web'), { recursive: true });
}
