import { afterAll, beforeAll, expect, it } from 'vitest';
import { Service } from '../support/service.ts';
import { armature } from './armature.ts';

let service: Service;
beforeAll(async () => (service = await Service.start()));
afterAll(async () => await service.stop());

it('a list of jobs tells kind, model and prompt, on one line each', async () => {
  await service.submit({ prompt: `a red cube\non a green floor, ${'very '.repeat(40)}red`, steps: 1 });
  const list = await armature(['jobs', 'list', '--server', service.address]);
  const [head, row, ...rest] = list.stdout.trimEnd().split('\n');
  expect(head).toMatch(/^JOB +STATUS +STEP +ACCEPTED +KIND +MODEL +PROMPT +ERROR$/);
  expect(row).toMatch(
    /^gen_\S+ +(queued|running|succeeded) .* generation +diorama +a red cube on a green floor, very very [a-z ]*…$/,
  );
  expect(rest).toEqual([]);
});
