import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { emittedModels } from './emitted/cases.ts';

const { sd15 = {} } = await emittedModels(fileURLToPath(new URL('../golden', import.meta.url)));

/** 0.04 s of processor time where it was measured (docs/decisions/0008-the-graph.md): the bound leaves room for slower machines. */
test('what a picture of Stable Diffusion 1.5 needs is compiled within a second', () => {
  const names = ['text encoder', 'unet', 'controlnet', 'controlnet, hint encoder', 'vae decoder'];
  const seconds = Array.from({ length: 5 }, () => {
    const start = process.cpuUsage();
    for (const name of names) expect(sd15[name]?.().bytes.length).toBeGreaterThan(1000);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e6;
  });
  expect(seconds.toSorted((a, b) => a - b)[2]).toBeLessThan(1);
});
