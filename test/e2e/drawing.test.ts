import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import sharp from 'sharp';
import { readPictureText } from '../../src/images/read-text.ts';
import { dioramaCases, dioramaPath, readPicture } from '../support/diorama.ts';
import { maxAbsDifference } from '../support/golden.ts';
import { inlinePicture, root, Service } from '../support/service.ts';

const photo = readFileSync(new URL('examples/photo.jpg', root));
const map = (name: string): Buffer => readFileSync(dioramaPath('scenes', name));
let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(async () => await service.stop());

describe('drawing over HTTP', () => {
  it('gives the picture that diffusers draws', async () => {
    const one = dioramaCases().find(({ name }) => name === 'canny-depth');
    if (one === undefined) throw new Error('The reference is gone');
    const job = await service.draw({
      prompt: one.prompt,
      negative_prompt: one.negative,
      seed: one.seed,
      steps: one.steps,
      guidance_scale: one.guidance,
      scheduler: one.scheduler,
      width: one.width,
      height: one.height,
      controls: one.controls.map(({ type, map: file, scale, start, end }) => ({
        type,
        scale,
        start,
        end,
        image: inlinePicture(map(file)),
        preprocess: false,
      })),
    });
    const drawn = await decodePicture(await service.picture(job));
    const reference = await readPicture('golden', `${one.name}.png`);
    const close = drawn.data.reduce((n, value, i) => n + (Math.abs(value - (reference.data[i] ?? 0)) <= 2 ? 1 : 0), 0);
    expect(close / drawn.data.length).toBeGreaterThanOrEqual(0.999);
  });

  it('eight requests at once give the pictures that they give alone', async () => {
    const requests = Array.from({ length: 8 }, (_, i) => ({
      prompt: ['a red ball', 'a blue cube', ''][i % 3],
      seed: i,
      steps: 4 + (i % 3),
      scheduler: ['ddim', 'euler_a', 'dpmpp_2m', 'unipc'][i % 4],
      controls: i % 2 === 0 ? [{ type: 'canny', image: inlinePicture(map(`0${i}_canny.png`)), preprocess: false }] : [],
    }));
    const together = await Promise.all(requests.map(async (request) => await service.draw(request)));
    expect(Math.max(...together.map(({ mean_batch: batch }) => batch ?? 0))).toBeGreaterThan(1);
    for (const [i, request] of requests.entries()) {
      const alone = await decodePicture(await service.picture(await service.draw(request)));
      const batched = await decodePicture(await service.picture(together[i] ?? (await service.draw(request))));
      expect(maxAbsDifference(batched.data, alone.data)).toBeLessThanOrEqual(1);
    }
  });

  it('keeps what a picture was made with inside it', async () => {
    const job = await service.draw({ prompt: 'a red ball', negative_prompt: 'blue', seed: 5, steps: 2 });
    const { parameters } = await readPictureText(await service.picture(job));
    expect(parameters).toMatch(
      /^a red ball\nNegative prompt: blue\nSteps: 2, Sampler: dpmpp_2m, CFG scale: 4, Seed: 5/,
    );
  });

  it.each(['png', 'jpeg', 'webp'])(
    'marks a %s as generated, also where its parameters stay out of it',
    async (format) => {
      const request = { prompt: 'a red ball', seed: 5, steps: 1, output: { format, metadata: false } };
      const picture = await service.picture(await service.draw(request));
      const { xmpAsString } = await sharp(picture).metadata();
      expect(xmpAsString).toContain(
        '<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia<',
      );
      expect(xmpAsString).toContain('<Iptc4xmpExt:AISystemUsed>Armature, diorama<');
      expect(Buffer.from(picture).toString('latin1')).not.toContain('a red ball');
      expect((await readPictureText(picture))['parameters']).toBeUndefined();
    },
  );

  it('gives the map that a control was fed with', async () => {
    const job = await service.draw({
      prompt: '',
      steps: 1,
      controls: [{ type: 'canny', image: inlinePicture(photo) }],
    });
    const edges = await decodePicture(
      new Uint8Array(await (await service.fetch(job.maps[0]?.url ?? '')).arrayBuffer()),
    );
    expect([edges.width, edges.height]).toEqual([256, 256]);
    expect(new Set(edges.data)).toEqual(new Set([0, 255]));
  });

  it('answers a curl form that waits with the bytes of the picture', async () => {
    const form = new FormData();
    form.set('prompt', 'a red cube on a green floor');
    form.set('steps', '2');
    form.set('canny', new Blob([photo]), 'photo.jpg');
    const headers = { accept: 'image/webp', prefer: 'wait=60' };
    const response = await service.fetch('/v1/generations', { method: 'POST', headers, body: form });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('image/webp');
    expect((await decodePicture(new Uint8Array(await response.arrayBuffer()))).width).toBe(256);
  });

  it('a cancel takes effect within one step', async () => {
    const { id } = await service.submit({ prompt: 'a red ball', steps: 150 });
    await service.until(id, (job) => (job.progress?.step ?? 0) > 1);
    const asked = await service.fetch(`/v1/generations/${id}/cancel`, { method: 'POST' });
    expect(asked.ok).toBe(true);
    const job = await service.finished(await service.job(id));
    expect(job.status).toBe('cancelled');
    expect(job.progress?.step ?? 0).toBeLessThan(150);
  });

  it('warns of a prompt that the text encoder cannot read to its end', async () => {
    const draw = async (words: number, syntax: object) =>
      await service.draw({ prompt: Array.from({ length: words }, () => 'ball').join(' '), steps: 1, ...syntax });
    const plain = await draw(90, { prompt_syntax: 'plain' });
    expect(plain.warnings.join()).toMatch(/prompt.* the text encoder reads.* 15 tokens were left out/);
    const chunks = await draw(16 * 75 + 7, {});
    expect(chunks.warnings.join()).toMatch(/prompt.* 16 chunks of 75 tokens.* 7 tokens were left out/);
    expect((await draw(90, {})).warnings).toEqual([]);
  });
});
