import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownDoor } from '../../../src/generation/door.ts';
import type { GenerationPlan } from '../../../src/generation/plan.ts';
import { type ControlSource, sentAs } from '../../../src/generation/planned-control.ts';
import { BodyBudget } from '../../../src/server/access/body-budget.ts';
import { PictureTurns } from '../../../src/server/submissions/picture-turns.ts';
import { submitGeneration } from '../../../src/server/submissions/submit.ts';
import { jobSchema, type JobView } from '../../../src/server/views/job-schema.ts';
import { type Application, finishJob, openApplication, pictureFile } from '../application.ts';

let application: Application;
let data: string;

beforeAll(async () => {
  application = await openApplication();
  data = (await pictureFile()).toString('base64');
});
afterAll(async () => await application.close());

async function post(url: string, payload: object) {
  return await application.app.inject({ method: 'POST', url, payload });
}

async function submit(controls: readonly object[], more: object = {}): Promise<JobView> {
  const response = await post('/v1/generations', { prompt: 'x', controls, ...more });
  if (response.statusCode !== 202) throw new Error(response.body);
  return response.json<JobView>();
}

async function planOf(job: { readonly id: string }): Promise<GenerationPlan> {
  const { plan } = (await application.parts.records.findJob('default', job.id))!;
  return plan as GenerationPlan;
}

async function sourceOf(job: { readonly id: string }): Promise<ControlSource> {
  return (await planOf(job)).controls[0]!.source;
}

async function bytesOf({ key }: { readonly key: string }): Promise<Buffer> {
  return Buffer.from(await application.parts.store.get(key));
}

describe('a picture of an earlier job', () => {
  test('its map is used as it is, and stays when that job is deleted', async () => {
    const first = await submit([{ type: 'canny', image: { data } }]);
    const { result } = await finishJob(application, first);
    const map = await bytesOf(result!.maps[0]!);
    const second = await submit([{ type: 'canny', image: { generation: first.id, map: 0 } }]);
    expect(second.effective).toMatchObject({ controls: [{ preprocess: false, structure: null }] });
    const deleted = await application.app.inject({ method: 'DELETE', url: `/v1/generations/${first.id}` });
    expect(deleted.statusCode).toBe(204);
    const image = sentAs(await sourceOf(second));
    expect(await bytesOf(image)).toEqual(map);
    expect(image.key).toBe(`tenants/default/inputs/${image.sha256}`);
  });

  test('brings how it was made, also from a job that only used it', async () => {
    const first = await submit([{ type: 'canny', image: { data }, preprocess: { low_threshold: 33 } }]);
    await finishJob(application, first);
    const second = await submit([{ type: 'canny', image: { generation: first.id, map: 0 } }]);
    await finishJob(application, second);
    const third = await submit([{ type: 'canny', image: { generation: second.id, map: 0 } }]);
    for (const job of [second, third]) {
      expect(await sourceOf(job)).toMatchObject({ kind: 'map', madeWith: { low_threshold: 33 } });
    }
    const extraction = (
      await post('/v1/conditions/canny', { image: { data }, options: { low_threshold: 44 } })
    ).json<JobView>();
    await finishJob(application, extraction);
    const fourth = await submit([{ type: 'canny', image: { generation: extraction.id, output: 0 } }]);
    expect(await sourceOf(fourth)).toMatchObject({ madeWith: { low_threshold: 44 } });
  });

  test('brings what is known of it', async () => {
    const pose = { people: [{ pose_keypoints_2d: [] }] };
    const first = (await post('/v1/conditions/openpose', { image: { data } })).json<JobView>();
    await finishJob(application, first, { data: pose });
    const source = await sourceOf(await submit([{ type: 'openpose', image: { generation: first.id, output: 0 } }]));
    if (source.kind !== 'map') throw new Error('not a map');
    expect(JSON.parse((await bytesOf(source.data!)).toString())).toEqual(pose);
  });

  test('its drawn output is a photograph', async () => {
    const first = await submit([]);
    await finishJob(application, first);
    const source = await sourceOf(await submit([{ type: 'canny', image: { generation: first.id, output: 0 } }]));
    expect(source).toMatchObject({ kind: 'photo', preprocess: { low_threshold: 100 } });
    const extraction = await post('/v1/conditions/canny', { image: { generation: first.id, output: 0 } });
    expect(extraction.statusCode).toBe(202);
  });

  test('a map of another condition earns a warning', async () => {
    const first = await submit([{ type: 'canny', image: { data } }]);
    await finishJob(application, first);
    const { warnings } = await submit([{ type: 'depth', image: { generation: first.id, map: 0 } }]);
    expect(warnings).toEqual(['controls[0] uses a map of type canny as one of type depth.']);
  });

  test.each([
    ['another job', { generation: 'gen_nobody', map: 0 }, 'generation'],
    ['a map that it has not', { map: 1 }, 'map'],
    ['an output that it has not', { output: 3 }, 'output'],
  ])('%s is refused', async (_, change, field) => {
    const first = await submit([{ type: 'canny', image: { data } }]);
    await finishJob(application, first);
    const controls = [{ type: 'canny', image: { generation: first.id, ...change } }];
    const problem = (await post('/v1/generations', { prompt: 'x', controls })).json<{ code: string; field: string }>();
    expect([problem.code, problem.field]).toEqual(['invalid_request', `controls[0].image.${field}`]);
  });

  test('a job that has not ended has none yet', async () => {
    const first = await submit([{ type: 'canny', image: { data } }]);
    const controls = [{ type: 'canny', image: { generation: first.id, map: 0 } }];
    const problem = (await post('/v1/generations', { prompt: 'x', controls })).json<{ detail: string }>();
    expect(problem.detail).toBe(`The job ${first.id} has no map 0: it is queued.`);
  });

  test("another tenant's job is none", async () => {
    const first = await submit([{ type: 'canny', image: { data } }]);
    await finishJob(application, first);
    const body = { prompt: 'x', controls: [{ type: 'canny', image: { generation: first.id, map: 0 } }] };
    const intake = {
      turns: new PictureTurns({ total: 1, perTenant: 1, patienceMs: 60_000 }),
      memory: new BodyBudget(Infinity).open('other'),
      holder: 'other',
    };
    const charge = async () => async () => {};
    const options = { tenant: 'other', door: ownDoor, format: null, single: false, charge, intake, claim: undefined };
    await expect(submitGeneration(application.parts, { body, files: new Map() }, options)).rejects.toMatchObject({
      code: 'invalid_request',
      field: 'controls[0].image.generation',
    });
  });
});

describe('structure as data', () => {
  test('is kept as it was sent', async () => {
    const pose = { people: [{ pose_keypoints_2d: Array.from({ length: 54 }, (_, i) => (i % 3 === 2 ? 1 : i / 60)) }] };
    const job = await submit([{ type: 'openpose', image: { pose } }]);
    expect(job.effective).toMatchObject({ controls: [{ structure: 'pose', preprocess: false }] });
    expect(JSON.parse((await bytesOf(sentAs(await sourceOf(job)))).toString())).toEqual(pose);
  });
});

describe('the view of a job', () => {
  test('has what was found, how well controls were obeyed, and what was chosen from', async () => {
    const first = await submit([{ type: 'canny', image: { data } }], { best_of: 2, strict: true });
    expect(first.effective).toMatchObject({ strict: true, evaluate: true, best_of: 2 });
    const figure = { metric: 'f1', value: 0.5, details: { precision: 1 }, note: null } as const;
    const fidelity = [{ control: 0, condition: 'canny', ...figure, networks: [] }];
    const candidates = [{ seed: 1, score: 0.5, fidelity }];
    await finishJob(application, first, { data: { people: [] }, fidelity, candidates });
    const view = jobSchema.strict().parse((await application.app.inject(first.url)).json());
    expect(view.outputs[0]).toMatchObject({ data: { people: [] }, fidelity, candidates });
    expect(view.maps[0]).toMatchObject({ control: 0, data: { people: [] } });
  });

  test('has null where nothing was asked for', async () => {
    const first = await submit([{ type: 'canny', image: { data } }]);
    await finishJob(application, first);
    const view = (await application.app.inject(first.url)).json<JobView>();
    expect(view.outputs[0]).toMatchObject({ data: null, fidelity: null, candidates: null });
    expect(view.timings).toMatchObject({ evaluate_ms: null });
  });
});
