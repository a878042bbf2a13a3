import { defineConfig } from 'vitest/config';
import { fastTestFiles } from './test/support/suite/reach.ts';

/** `npm run test:fast`: what needs no build, no server and no process of its own. */
export default defineConfig({
  test: {
    include: [...fastTestFiles()],
    // Ends what hangs, as in the whole suite.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    // Threads of one run wait for each other by spinning: two files beside each other would take each other's cores for nothing.
    env: { ARMATURE_THREADS: '1' },
    // Nothing here leaves anything behind, and loading the same modules for each file would take longer than the tests.
    isolate: false,
    reporters: ['default'],
  },
});
