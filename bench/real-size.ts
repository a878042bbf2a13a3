/**
 * Compiling, loading and running networks of the size of Stable Diffusion 1.5 at 512x512 and of SDXL at 1024x1024, each part in a process of its own.
 *
 * Options: --folder DIR (where the random checkpoints are kept), --threads N, --runs N, and parts to run instead of all; `loras` is LoRAs by branches
 * and merged against none, `sdxl` needs 7 GB on the disk and up to 20 GB of memory. --channels N (of the first level: 320 is the real size, a multiple of 64) and
 * --size N (of SDXL's pictures) try it in small.
 */
import { fork } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeCheckpoint, makeSdxlCheckpoint } from './real-size/make-checkpoint.ts';
import { makeLoras } from './real-size/make-loras.ts';
import { measureBranches } from './real-size/measure-branches.ts';
import { measure, parts, type Settings } from './real-size/measure.ts';
import { measureSdxl, sdxlFolder } from './real-size/measure-sdxl.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: 'string', default: join(tmpdir(), 'armature-real-size') },
    threads: { type: 'string', default: '2' },
    runs: { type: 'string', default: '3' },
    channels: { type: 'string', default: '320' },
    size: { type: 'string', default: '1024' },
    child: { type: 'boolean', default: false },
  },
});

const channels = Number(values.channels);
const isReal = channels === 320;
const settings: Settings = {
  folder: isReal ? values.folder : `${values.folder}-${channels}`,
  threads: Number(values.threads),
  runs: Number(values.runs),
  size: Number(values.size),
};
const special = { loras: measureBranches, sdxl: measureSdxl };
const all = [...parts, ...(Object.keys(special) as (keyof typeof special)[])];
const wanted = positionals.length === 0 ? all : all.filter((part) => positionals.includes(part));
const unknown = positionals.filter((part) => !(all as readonly string[]).includes(part));
if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}. The parts are ${all.join(', ')}.`);

if (values.child) {
  for (const part of wanted)
    await (part === 'loras' || part === 'sdxl' ? special[part](settings) : measure(part, settings));
} else {
  console.log(
    `random checkpoints in ${settings.folder}${wanted.includes('sdxl') ? `, ${sdxlFolder(settings.folder)}` : ''}`,
  );
  if (wanted.some((part) => part !== 'sdxl')) {
    makeCheckpoint(settings.folder, channels);
    makeLoras(settings.folder, channels);
  }
  if (wanted.includes('sdxl')) makeSdxlCheckpoint(sdxlFolder(settings.folder), channels);
  if (isReal) {
    console.log(
      'for comparison, diffusers 0.42 on 2 cores: UNet 10.7 s a step, with a ControlNet 15.2 s, decoding 15.8 s',
    );
  }
  for (const part of wanted) await child(part);
}

/** The peak of memory is that of a process. */
async function child(part: string): Promise<void> {
  const { folder, threads, runs, size } = values;
  const options = { folder, threads, runs, size, channels: values.channels };
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const process = fork(fileURLToPath(import.meta.url), [part, '--child', ...flags]);
  await new Promise<void>((resolve, reject) => {
    process.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${part} ended with ${code}`))));
  });
}
