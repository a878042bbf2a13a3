import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inlinePicture, root, Service } from '../support/service.ts';

const type = 'my-sketch';
const files = ['config.json', 'diffusion_pytorch_model.safetensors'];

let service: Service;
let models: string;
beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'armature-types-'));
  const folder = join(models, 'sketches');
  await mkdir(folder);
  for (const name of files) {
    await copyFile(new URL(`models/diorama/controlnet-canny/${name}`, root), join(folder, name));
  }
  const manifest = { schema: 1, controlnets: [{ path: '.', type }] };
  await writeFile(join(folder, 'armature.json'), JSON.stringify(manifest));
  service = await Service.start({ flags: ['--models', models] });
});
afterAll(async () => {
  await service.stop();
  await rm(models, { recursive: true });
});

const image = inlinePicture(await readFile(new URL('test/diorama/scenes/03_canny.png', root)));

function request(control: object): Readonly<Record<string, unknown>> {
  const controls = [{ image, preprocess: false, ...control }];
  // What files say of themselves names the control.
  const output = { metadata: false };
  return { prompt: 'a red ball', seed: 7, steps: 2, width: 256, height: 256, controls, output };
}

it('a ControlNet of a type that nobody knows is steered by ready-made maps, as one of a known type', async () => {
  const own = await service.draw({ ...request({ type }), evaluate: true });
  expect(own.warnings).toEqual([]);
  expect(own.maps).toHaveLength(1);
  const known = await service.draw(request({ type: 'canny', model: 'diorama-canny' }));
  expect(own.outputs[0]?.sha256).toBe(known.outputs[0]?.sha256);
  const note = expect.stringContaining('There is no measure for my-sketch') as string;
  expect(own.outputs).toMatchObject([{ fidelity: [{ condition: type, metric: null, value: null, note }] }]);
});
