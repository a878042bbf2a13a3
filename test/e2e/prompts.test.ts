import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { maxAbsDifference } from '../support/golden.ts';
import { root, Service } from '../support/service.ts';

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(async () => await service.stop());

async function draw(body: object): Promise<JobView> {
  const response = await service.fetch('/v1/generations', {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=60' },
    body: JSON.stringify({ seed: 5, steps: 6, width: 128, height: 128, output: { metadata: false }, ...body }),
  });
  const job = (await response.json()) as JobView;
  expect(job.status, JSON.stringify(job)).toBe('succeeded');
  return job;
}

async function pixelsOf(job: JobView): Promise<Uint8Array> {
  const bytes = await (await service.fetch(job.outputs[0]!.url)).arrayBuffer();
  return (await decodePicture(new Uint8Array(bytes))).data;
}

const hashOf = async (body: object): Promise<string> => (await draw(body)).outputs[0]!.sha256;

const long = Array.from({ length: 60 }, (_, i) => `thing ${i}`).join(', ');

describe('a prompt with syntax', () => {
  it('draws what its words say where it has none', async () => {
    expect(await hashOf({ prompt: 'a red cube' })).toBe(await hashOf({ prompt: 'a red cube', prompt_syntax: 'plain' }));
  });

  it('has an effect, of each kind', async () => {
    const prompts = [
      'a red cube on a floor',
      'a (red:1.5) cube on a floor',
      'a red cube BREAK on a floor',
      'a red [cube:ball:3] on a floor',
      'a red [cube|ball] on a floor',
      'a red cube AND on a floor :0.5',
      String.raw`a \(red:1.5\) cube on a floor`,
    ];
    const hashes: string[] = [];
    for (const prompt of prompts) hashes.push(await hashOf({ prompt }));
    expect(new Set(hashes).size).toBe(prompts.length);
    // Before its first step and after its last a schedule is one text; escaped brackets are those of a plain prompt.
    expect(await hashOf({ prompt: 'a red [cube:ball:6] on a floor' })).toBe(hashes[0]);
    expect(await hashOf({ prompt: 'a red [ball:cube:0] on a floor' })).toBe(hashes[0]);
    expect(await hashOf({ prompt: 'a (red:1.5) cube on a floor', prompt_syntax: 'plain' })).toBe(hashes.at(-1));
  });

  it('goes on at the executed steps of a picture that is drawn over', async () => {
    const source = await draw({ prompt: 'a blue ball' });
    const over = { init_image: { generation: source.id, output: 0 }, strength: 0.5 };
    // Three of six steps are drawn: the third of them is the last.
    const half = await draw({ ...over, prompt: '[a red cube:a green cube:2]' });
    expect(half.progress).toMatchObject({ step: 3, steps: 3 });
    expect(half.warnings).toEqual([]);
    expect((await draw({ ...over, prompt: '[a red cube:a green cube:3]' })).warnings).toHaveLength(1);
    expect(half.outputs[0]!.sha256).not.toBe(await hashOf({ ...over, prompt: 'a red cube' }));
  });

  it('says how it was read, and what is text', async () => {
    const job = await draw({ prompt: 'a (red:1.5) {cube|ball}', negative_prompt: 'fog' });
    expect(job.effective).toMatchObject({
      prompt: 'a (red:1.5) {cube|ball}',
      prompt_syntax: 'a1111',
      read_as: {
        prompt: [
          {
            weight: 1,
            texts: [{ steps: [[0, 5]], sections: [[{ text: 'a ' }, { text: 'red', weight: 1.5 }, { weight: 1 }]] }],
          },
        ],
        negative_prompt: [{ texts: [{ sections: [[{ text: 'fog', weight: 1 }]] }] }],
      },
    });
    expect(job.warnings).toEqual([
      'prompt: "{cube|ball}" (a choice) is read as text: such syntax has no effect in prompt.',
    ]);
  });

  it('that asks for a LoRA, or for more than it may, is refused before it is queued', async () => {
    for (const [prompt, code] of [
      ['a cube <lora:foo:1>', 'unknown_model'],
      ['[a|b]'.repeat(65), 'invalid_request'],
    ]) {
      const response = await service.fetch('/v1/generations', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ prompt }),
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code, field: 'prompt' });
    }
  });
});

it('prompts of unequal length, composed and scheduled ones share steps, and draw what each draws alone', async () => {
  const requests = [
    { prompt: 'a red cube', steps: 20 },
    { prompt: long, negative_prompt: 'fog', steps: 20 },
    { prompt: `a [red:green:0.5] cube BREAK ${long}`, steps: 20 },
    { prompt: 'a cube AND a ball :0.5 AND [fog|rain] :-0.3', steps: 20 },
    { prompt: '(a red cube:1.4)', prompt_syntax: 'plain', steps: 20, guidance_scale: 1 },
  ];
  const alone: JobView[] = [];
  for (const request of requests) alone.push(await draw(request));
  const together = await Promise.all(requests.map(draw));
  expect(Math.max(...together.map((job) => job.mean_batch ?? 0))).toBeGreaterThan(1.5);
  for (const [index, job] of together.entries()) {
    expect(maxAbsDifference(await pixelsOf(job), await pixelsOf(alone[index]!))).toBeLessThanOrEqual(1);
  }
});

it('the examples of docs/api.md work as printed', async () => {
  const text = readFileSync(new URL('docs/api.md', root), 'utf8');
  const section = text.slice(text.indexOf('\n### Prompts\n'), text.indexOf('\n### Drawing over a picture\n'));
  const [script = ''] = [...section.matchAll(/```sh\n(curl[^`]*)```/g)].map(([, lines = '']) => lines);
  const folder = await mkdtemp(join(tmpdir(), 'armature-prompts-'));
  try {
    const here = script
      .replaceAll('http://127.0.0.1:7860', service.address)
      .replaceAll('curl -sS ', 'curl -sS --fail-with-body ');
    const job = JSON.parse(execFileSync('bash', ['-euc', here], { cwd: folder, encoding: 'utf8' })) as JobView;
    expect(job).toMatchObject({ status: 'succeeded', warnings: [] });
    expect((await decodePicture(readFileSync(join(folder, 'plain.png')))).width).toBeGreaterThan(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
