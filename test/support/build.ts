import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Projects of one run share what it has built, each in a copy of this module. */
const built = Symbol.for('armature.built');
const shared = globalThis as { [built]?: Promise<void> };

/**
 * Builds dist/ once before the suite: tests that start the command line or a child process run what a user runs.
 * `npm start` finds it up to date.
 */
export default async function buildOnce(): Promise<void> {
  await (shared[built] ??= build());
}

async function build(): Promise<void> {
  const root = new URL('../..', import.meta.url);
  const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: fileURLToPath(root),
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('The sources do not compile: see above.');
  const scripts = (await import(new URL('scripts/build.mjs', root).href)) as {
    readonly completeBuild: () => Promise<void>;
  };
  await scripts.completeBuild();
}
