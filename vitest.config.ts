import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/suite/longest-first.ts';
import { fastTestFiles, inProcessTestFiles, long } from './test/support/suite/reach.ts';
import { SlowestFiles } from './test/support/suite/slowest-files.ts';

// What needs no server and no process shares workers, however long it takes.
const fast = [...fastTestFiles(), ...long];
const inProcess = [...inProcessTestFiles()];

const common = {
  // Ends what hangs. What is merely slow, as on a machine that does more than this, is no failure.
  testTimeout: 180_000,
  hookTimeout: 180_000,
  maxWorkers: 3,
  // Threads of one run wait for each other by spinning: two files beside each other would take each other's cores for nothing.
  env: { ARMATURE_THREADS: '1' },
};

const slow = {
  globalSetup: ['test/support/build.ts'],
  setupFiles: ['test/support/suite/each-file.ts'],
  // A database of WebAssembly that lives for seconds is not worth being compiled a second time, optimized, which takes longer than what
  // it is asked.
  execArgv: ['--liftoff-only'],
};

export default defineConfig({
  plugins: [
    {
      name: 'armature:slowest-files',
      // Beside whatever reporters the command line asks for.
      configureVitest: ({ vitest }) => void vitest.config.reporters.push(new SlowestFiles()),
    },
  ],
  test: {
    maxWorkers: 3,
    reporters: ['default'],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        // Nothing here leaves anything behind, and loading the same modules for each file would take longer than the tests.
        test: { ...common, name: 'fast', include: fast, isolate: false },
      },
      {
        // As above: the server's modules and the embedded database take some three seconds of processor time to load.
        test: { ...common, ...slow, name: 'in-process', include: inProcess, isolate: false },
      },
      {
        test: { ...common, ...slow, name: 'slow', include: ['test/**/*.test.ts'], exclude: [...fast, ...inProcess] },
      },
    ],
  },
});
