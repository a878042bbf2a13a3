/**
 * Compiling, loading and running networks of the size of Stable Diffusion 1.5 at 512x512, each part in a process of its own.
 *
 * Options: --folder DIR (where the random checkpoint is kept), --threads N, --runs N, and parts to run instead of all.
 */
import { fork } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeCheckpoint } from './real-size/make-checkpoint.ts';
import { makeLoras } from './real-size/make-loras.ts';
import { measureBranches } from './real-size/measure-branches.ts';
import { measure, parts } from './real-size/measure.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: 'string', default: join(tmpdir(), 'armature-real-size') },
    threads: { type: 'string', default: '2' },
    runs: { type: 'string', default: '3' },
    child: { type: 'boolean', default: false },
  },
});

const settings = { folder: values.folder, threads: Number(values.threads), runs: Number(values.runs) };
const all = [...parts, 'unet+branches'] as const;
const wanted = positionals.length === 0 ? all : all.filter((part) => positionals.includes(part));

if (values.child) {
  for (const part of wanted) await (part === 'unet+branches' ? measureBranches(settings) : measure(part, settings));
} else {
  console.log(`random checkpoint in ${settings.folder}`);
  makeCheckpoint(settings.folder);
  makeLoras(settings.folder);
  console.log(
    'for comparison, diffusers 0.42 on 2 cores: UNet 10.7 s a step, with a ControlNet 15.2 s, decoding 15.8 s',
  );
  for (const part of wanted) await child(part);
}

/** The peak of memory is that of a process. */
async function child(part: string): Promise<void> {
  const { folder, threads, runs } = values;
  const options = ['--child', '--folder', folder, '--threads', threads, '--runs', runs];
  const process = fork(fileURLToPath(import.meta.url), [part, ...options]);
  await new Promise<void>((resolve, reject) => {
    process.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${part} ended with ${code}`))));
  });
}
