import { afterAll, beforeAll, expect, test } from 'vitest';
import { costOfDrawing } from '../../src/generation/cost.ts';
import { kindOf } from '../../src/generation/kinds/kinds.ts';
import type { GenerationPlan } from '../../src/generation/plan.ts';
import { newBatchId, newJobId } from '../../src/records/schema/ids.ts';
import { newJob } from '../records/conformance.ts';
import { drawing } from '../records/scheduling-conformance.ts';
import { longestHold } from '../support/longest-hold.ts';
import { secondsOf } from '../support/processor-time.ts';
import { type Application, openApplication } from './application.ts';

/** Prompts within their limits whose reading takes milliseconds: jobs of them are many in a list and in a batch. */
const alternations = `[${'|'.repeat(63)}]`.repeat(55);
const texts = `[${Array.from({ length: 60 }, (_, index) => `a${index}`).join('|')}]`;
const dear = `${alternations}${texts}${'(a:1.1)b'.repeat(30)}`;
const long: GenerationPlan = {
  ...drawing(64),
  prompt: dear,
  negativePrompt: dear,
  promptSyntax: 'a1111',
  steps: 150,
  run: { steps: 150, evaluations: 150 },
};
const jobs = 100;

let application: Application;
let batch: string;
beforeAll(async () => {
  application = await openApplication();
  batch = newBatchId();
  const items = Array.from({ length: jobs }, () => ({ ...newJob(), id: newJobId(), plan: long }));
  await application.parts.records.batches.insert(
    { id: batch, tenant: 'default', name: null, metadata: null, axes: null },
    items,
  );
});
afterAll(async () => await application.close());

test('what a plan costs is worked out once, however often it is charged, recorded and summed up', () => {
  expect(secondsOf(() => Array.from({ length: 2000 }, () => costOfDrawing(long)))).toBeLessThan(1);
});

test.each([
  ['jobs', () => '/v1/generations?limit=100'],
  ['items', () => `/v1/batches/${batch}/items?limit=100`],
  ['results', () => `/v1/batches/${batch}/results`],
])('a list of %s with such prompts lets others have their turn', async (_, url) => {
  const longestMs = await longestHold(async () => {
    const answer = await application.app.inject(url());
    expect(answer.statusCode).toBe(200);
    expect(answer.body.split('gen_').length).toBeGreaterThan(jobs);
  });
  const alone = secondsOf(() => Array.from({ length: jobs }, () => kindOf(long).view(long, () => null)));
  expect(longestMs).toBeLessThan((alone * 1000) / 3);
});
