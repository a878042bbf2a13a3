import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { check } from '../../src/generation/parse.ts';
import { trainingRequest } from '../../src/generation/request/training.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';
import { smallBase, smallSettings, trainSmall, writePairs } from './small-training.ts';

const folder = temporaryFolder();
const request = {
  kind: 'controlnet',
  condition: 'my-squares',
  steps: 12,
  batch: 2,
  learning_rate: 0.02,
  schedule: 'cosine',
  ema: 0.8,
  flip: true,
  resolution: [64, 64],
  seed: 7,
  validation: { every: 4, maps: 2 },
};

/** Trains in a process that is killed once it has done so many steps; gives how it ended, and the first step that it did. */
async function trainApart(output: string, data: string, killAt: number) {
  const child = fork(new URL('killed-training.mjs', import.meta.url));
  const steps: number[] = [];
  child.on('message', ({ step }: { readonly step: number }) => steps.push(step));
  child.send({
    request: check(trainingRequest, request),
    places: { data, output, name: 'small' },
    base: await smallBase('sd15-tiny'),
    settings: smallSettings,
    killAt,
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return { code, signal, first: steps[0] };
}

test('a training that is killed ends with the weights of one that never was', async () => {
  const data = await writePairs(join(folder, 'pairs'));
  const [undisturbed, killed] = [join(folder, 'undisturbed'), join(folder, 'killed')];
  await trainSmall({ data, output: undisturbed, request });
  expect(await trainApart(killed, data, 8)).toEqual({ code: null, signal: 'SIGKILL', first: 1 });
  expect(readdirSync(join(killed, 'work', 'checkpoints'))).toEqual(['step-5']);
  expect(await trainApart(killed, data, 0)).toEqual({ code: 0, signal: null, first: 6 });
  for (const name of ['diffusion_pytorch_model.safetensors', 'small.safetensors', 'losses.jsonl', 'validation.jsonl']) {
    expect(readFileSync(join(killed, name)).equals(readFileSync(join(undisturbed, name))), name).toBe(true);
  }
});
