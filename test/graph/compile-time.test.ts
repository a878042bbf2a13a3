import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { emittedModels } from './emitted/cases.ts';

const { sd15 = {}, sdxl = {} } = await emittedModels(fileURLToPath(new URL('../golden', import.meta.url)));

/** Of 0.04 s and 0.2 s of processor time where they were measured (docs/decisions/0008-the-graph.md): the bounds leave room for slower machines. */
test.each([
  [
    'Stable Diffusion 1.5',
    sd15,
    ['text encoder', 'unet', 'controlnet', 'controlnet, hint encoder', 'vae decoder'],
    0.3,
  ],
  ['SDXL', sdxl, ['text encoder', 'text encoder 2', 'unet', 'vae decoder'], 1],
] as const)('what a picture of %s needs is compiled in time', (_, networks, names, bound) => {
  const seconds = Array.from({ length: 5 }, () => {
    const start = process.cpuUsage();
    for (const name of names) expect(networks[name]?.().bytes.length).toBeGreaterThan(1000);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e6;
  });
  console.log(`compiled in ${seconds.map((time) => time.toFixed(3)).join(', ')} s of processor time`);
  expect(seconds.toSorted((a, b) => a - b)[2]).toBeLessThan(bound);
});

/** As their publishers count them. */
test.each([
  ['text encoder', 123_060_480],
  ['text encoder 2', 694_659_840],
  ['unet', 2_567_463_684],
] as const)('the %s of SDXL has all of its weights', (name, parameters) => {
  expect(sdxl[name]?.().parameters).toBe(parameters);
});
