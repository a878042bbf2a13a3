// Trains as its parent says, tells it of every step, and is killed after one of them. What users run is in ../../dist.
import { holdFolder } from '../../dist/cli/train/hold-folder.js';
import { decodeHere } from '../../dist/images/decoder/decoder.js';
import { runTraining } from '../../dist/training/run-training.js';

process.on('message', (told) => void train(told));

async function train({ request, places, base, settings, killAt }) {
  // A clock of its own, by which it is always time for a checkpoint.
  let now = 0;
  const tools = {
    base,
    vae: null,
    init: null,
    settings,
    usableMemory: 2 ** 40,
    decoder: decodeHere,
    extract: async () => await Promise.reject(new Error('Every picture has a map')),
    hold: holdFolder,
    randomSeed: () => process.pid,
    now: () => new Date((now += 60_000)),
  };
  await runTraining(request, places, tools, {
    signal: new AbortController().signal,
    onEvent: ({ type, step }) => {
      if (type !== 'progress') return;
      process.send({ step });
      if (step === killAt) process.kill(process.pid, 'SIGKILL');
    },
  });
  process.disconnect();
}
