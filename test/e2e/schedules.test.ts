import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readPictureText } from '../../src/images/read-text.ts';
import { armature } from '../cli/armature.ts';
import { type JobView, Service } from '../support/service.ts';

type Drawn = JobView & { readonly effective: Readonly<Record<string, unknown>> };

const request = {
  prompt: 'a red ball',
  seed: 5,
  width: 64,
  height: 64,
  steps: 7,
  scheduler: 'heun',
  schedule: 'ddim_uniform',
} as const;
let service: Service;
let drawn: Drawn;
beforeAll(async () => {
  service = await Service.start();
  drawn = (await service.draw(request)) as Drawn;
});
afterAll(async () => await service.stop());

it('a job says what its sampler made of the steps, and its picture which schedule it was', async () => {
  expect(drawn.effective).toMatchObject({ ...request, eta: 0, s_churn: 0, run: { steps: 8, evaluations: 15 } });
  expect(drawn.progress).toMatchObject({ step: 8, steps: 8 });
  const { parameters } = await readPictureText(await service.picture(drawn));
  expect(parameters).toContain('Steps: 7, Sampler: heun, Schedule type: ddim_uniform, ');
});

it('what it says can be asked again, as fields of a form and on the command line too', async () => {
  const { steps, scheduler, schedule, eta, s_churn: churn } = drawn.effective;
  const again = await service.draw({ ...request, steps, scheduler, schedule, s_churn: churn });
  expect(eta).toBe(0);
  expect(again.outputs[0]?.sha256).toBe(drawn.outputs[0]?.sha256);
  const form = new FormData();
  for (const [name, value] of Object.entries(request)) form.set(name, String(value));
  form.set('s_churn', '0');
  const response = await service.fetch('/v1/generations', { method: 'POST', body: form });
  expect(response.status).toBe(202);
  const sent = await service.finished((await response.json()) as JobView);
  expect(sent.outputs[0]?.sha256).toBe(drawn.outputs[0]?.sha256);
  const folder = await mkdtemp(join(tmpdir(), 'armature-schedules-'));
  const output = join(folder, 'a.png');
  const numbers = ['--seed', '5', '--width', '64', '--height', '64', '--steps', '7', '--s-churn', '0'];
  const named = ['--scheduler', 'heun', '--schedule', 'ddim_uniform', '-o', output];
  const { code, stderr } = await armature(['generate', request.prompt, ...numbers, ...named]);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('step 8/8');
  const picture = new Uint8Array(await readFile(output));
  expect(Buffer.from(await service.picture(drawn)).equals(picture)).toBe(true);
  await rm(folder, { recursive: true });
});

it('a batch goes through schedules, and one that the scheduler cannot have is refused at its item', async () => {
  const { schedule: _one, ...template } = request;
  const post = async (matrix: object): Promise<Response> =>
    await service.fetch('/v1/batches', {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=50' },
      body: JSON.stringify({ template: { ...template, steps: 2 }, matrix }),
    });
  const accepted = await post({ schedule: ['karras', 'beta', 'linear_quadratic'] });
  expect(await accepted.json()).toMatchObject({ items: 3 });
  const fault = await post({ scheduler: ['euler', 'ddim'], schedule: ['beta'] });
  expect(fault.status).toBe(400);
  expect(JSON.stringify(await fault.json())).toMatch(
    /"invalid_request".*Expected no schedule with the scheduler ddim|Expected no schedule with the scheduler ddim.*"invalid_request"/,
  );
});
