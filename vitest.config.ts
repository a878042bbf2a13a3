import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/suite/longest-first.ts';
import { SlowestFiles } from './test/support/suite/slowest-files.ts';

export default defineConfig({
  plugins: [
    {
      name: 'armature:slowest-files',
      // Beside whatever reporters the command line asks for.
      configureVitest: ({ vitest }) => void vitest.config.reporters.push(new SlowestFiles()),
    },
  ],
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    // Ends what hangs. What is merely slow, as on a machine that does more than this, is no failure.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 3,
    // Threads of one run wait for each other by spinning: two files beside each other would take each other's cores for nothing.
    env: { ARMATURE_THREADS: '1' },
    reporters: ['default'],
    sequence: { sequencer: LongestFirst },
  },
});
