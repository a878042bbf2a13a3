import { expect } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import type { Service } from './service.ts';

/** Has a small picture drawn and waits for it. It has to be drawn well. */
export async function drawBy(service: Service, body: object): Promise<JobView> {
  const response = await service.fetch('/v1/generations', {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=60' },
    body: JSON.stringify({ seed: 5, steps: 8, output: { metadata: false }, ...body }),
  });
  const job = (await response.json()) as JobView;
  expect(job.status, JSON.stringify(job)).toBe('succeeded');
  return job;
}

/** The file of an output, as it is served. */
export async function fileOf(service: Service, job: JobView, output = 0): Promise<Uint8Array> {
  return new Uint8Array(await (await service.fetch(job.outputs[output]!.url)).arrayBuffer());
}

export async function pictureOf(service: Service, job: JobView): Promise<RgbImage> {
  return await decodePicture(await fileOf(service, job));
}
