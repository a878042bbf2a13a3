import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import sharp from 'sharp';
import { Service } from '../support/service.ts';

interface ShownPreview {
  readonly output: number;
  readonly step: number;
  readonly steps: number;
  readonly width: number;
  readonly height: number;
  readonly content_type: string;
  readonly data: string;
}

let service: Service;
beforeAll(async () => {
  service = await Service.start();
}, 100_000);
afterAll(async () => await service.stop());

/** The events of a job until it ends, by the lines of each. */
async function follow(id: string): Promise<readonly Readonly<Record<string, string>>[]> {
  const text = await (await service.fetch(`/v1/generations/${id}/events`)).text();
  return text.split('\n\n').flatMap((block) => {
    const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
    return 'event' in fields ? [fields] : [];
  });
}

describe('a job that shows its pictures on their way', () => {
  const request = { prompt: 'a red cube on a green floor', seed: 7, steps: 12, count: 2, width: 128, height: 128 };

  test('sends small JPEGs to who follows it, keeps none, and draws the same', async () => {
    const plain = await service.draw(request);
    const job = await service.submit({ ...request, preview: { every: 3 } });
    const events = await follow(job.id);
    const shown = events.filter(({ event }) => event === 'preview');
    expect(shown.length).toBeGreaterThan(0);
    for (const { id, data = '' } of shown) {
      expect(id).toBeUndefined();
      const preview = JSON.parse(data) as ShownPreview;
      expect(preview).toMatchObject({ steps: 12, width: 16, height: 16, content_type: 'image/jpeg' });
      expect([3, 6, 9]).toContain(preview.step);
      const bytes = Buffer.from(preview.data, 'base64');
      expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 16, height: 16 });
    }
    expect(events.at(-1)?.['event']).toBe('succeeded');
    const drawn = await service.job(job.id);
    expect(drawn.outputs.map(({ sha256 }) => sha256)).not.toEqual([]);
    const pictures = await Promise.all([plain, drawn].map(async (one) => await pixelsOf(one.outputs[1]!.url)));
    expect(pictures[1]).toEqual(pictures[0]);
    expect(drawn).toMatchObject({ effective: { preview: { every: 3 } } });
    // Again: what was shown is gone.
    expect((await follow(job.id)).map(({ event }) => event)).not.toContain('preview');
  }, 200_000);

  test('refuses what is no number of steps', async () => {
    const body = JSON.stringify({ ...request, preview: { every: 0 } });
    const headers = { 'content-type': 'application/json' };
    const response = await service.fetch('/v1/generations', { method: 'POST', headers, body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_request', field: 'preview.every' });
  });
});

async function pixelsOf(url: string): Promise<Buffer> {
  const file = Buffer.from(await (await service.fetch(url)).arrayBuffer());
  return await sharp(file).removeAlpha().raw().toBuffer();
}
