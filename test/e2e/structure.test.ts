import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePicture } from '../../src/images/encode.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { dioramaPath } from '../support/diorama.ts';
import { inlinePicture, root, Service } from '../support/service.ts';

const photo = inlinePicture(readFileSync(new URL('test/photos/astronaut.png', root)));
const edges = inlinePicture(readFileSync(dioramaPath('scenes', '03_canny.png')));
const grey = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(90) };
const flat = inlinePicture(await encodePicture(grey, { format: 'png', quality: 100 }));
let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(async () => await service.stop());

async function run(path: string, body: object): Promise<JobView> {
  const response = await service.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=60' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as JobView;
}

const draw = async (body: object): Promise<JobView> => await run('/v1/generations', { prompt: '', steps: 2, ...body });

describe('one extraction that serves many pictures', () => {
  it('gives its pose, which is drawn again from data, from the map, and edited', async () => {
    const extraction = await run('/v1/conditions/openpose', { image: photo, resolution: 384 });
    expect(extraction.status).toBe('succeeded');
    expect(extraction.outputs[0]).toMatchObject({ width: 384, height: 384 });
    const pose = extraction.outputs[0]!.data as { people: object[]; canvas_width: number };
    expect(pose).toMatchObject({ people: [{}], canvas_width: 384 });

    const fromData = await draw({ seed: 1, controls: [{ type: 'openpose', image: { pose } }] });
    expect(fromData.maps[0]?.data).toEqual(pose);
    const reused = await draw({
      seed: 1,
      evaluate: true,
      controls: [{ type: 'openpose', image: { generation: fromData.id, map: 0 } }],
    });
    expect(reused.maps[0]?.sha256).toBe(fromData.maps[0]?.sha256);
    expect(reused.outputs[0]?.sha256).toBe(fromData.outputs[0]?.sha256);
    expect(reused.outputs[0]?.fidelity).toMatchObject([{ control: 0, metric: 'oks', details: { requested: 1 } }]);
    const scaled = await draw({
      controls: [{ type: 'openpose', image: { generation: extraction.id, output: 0 }, resize: 'stretch' }],
    });
    expect(scaled.effective).toMatchObject({ controls: [{ preprocess: false }] });
    expect(scaled.maps[0]?.data).toEqual(pose);
  });

  it('draws a layout', async () => {
    const polygon = [
      [0, 0],
      [1, 0],
      [1, 0.5],
      [0, 0.5],
    ];
    const layout = { regions: [{ class: 'sky', polygon }], background: 'floor' };
    const job = await draw({ controls: [{ type: 'seg', image: { layout } }] });
    expect(job.maps[0]?.data).toMatchObject({ legend: [{ name: 'sky', share: 0.5 }, { name: 'floor' }] });
    expect(job.warnings).toEqual([]);
  });
});

describe('best_of', () => {
  it('keeps the picture that one alone would have been, and lists the others', async () => {
    const controls = [{ type: 'canny', image: edges, preprocess: false }];
    const job = await draw({ seed: 10, best_of: 3, controls });
    expect(job.outputs).toHaveLength(1);
    const [{ seed, candidates, fidelity, sha256 }] = job.outputs as [JobView['outputs'][number]];
    expect(candidates?.map((candidate) => candidate.seed)).toEqual([10, 11, 12]);
    const scores = candidates!.map(({ score }) => score!);
    expect(seed).toBe(10 + scores.indexOf(Math.max(...scores)));
    expect(fidelity).toEqual(candidates![seed! - 10]!.fidelity);
    expect(job.timings?.evaluate_ms).toBeGreaterThan(0);
    const alone = await draw({ seed, controls, evaluate: true });
    expect(alone.outputs[0]).toMatchObject({ sha256, fidelity, candidates: null });
  });
});

describe('a strict job', () => {
  const control = (fields: object) => ({ strict: true, controls: [{ type: 'canny', ...fields }] });
  it.each([
    ['a photograph without edges', control({ image: flat }), 'blank_map', 'controls[0].image'],
    ['a blank map', control({ image: flat, preprocess: false }), 'blank_map', 'controls[0].image'],
    ['a photograph for a map', control({ image: photo, preprocess: false }), 'unlikely_map', 'controls[0].image'],
    [
      'a prompt that is cut',
      { strict: true, prompt: 'ball '.repeat(90), prompt_syntax: 'plain' },
      'prompt_too_long',
      'prompt',
    ],
  ])('fails over %s', async (_, body, code, field) => {
    const job = await draw(body);
    expect(job).toMatchObject({ status: 'failed', error: { code, field } });
    const { strict: _strict, ...lenient } = body;
    expect(await draw(lenient)).toMatchObject({
      status: 'succeeded',
      warnings: [expect.stringContaining(job.error!.detail)],
    });
  });

  it('fails an extraction that finds nothing', async () => {
    const job = await run('/v1/conditions/openpose', { image: flat, strict: true });
    expect(job).toMatchObject({ status: 'failed', error: { code: 'blank_map', field: 'image' } });
  });
});
