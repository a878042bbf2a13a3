import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Builds dist/ once before the suite: tests that start the command line or a child process run what a user runs. Type
 * errors are the business of `npm run check`; the compiler writes what it can. `npm start` finds it up to date.
 */
export default async function build(): Promise<void> {
  const root = new URL('../..', import.meta.url);
  spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: fileURLToPath(root),
    stdio: 'ignore',
  });
  const scripts = (await import(new URL('scripts/build.mjs', root).href)) as { readonly completeBuild: () => void };
  scripts.completeBuild();
}
