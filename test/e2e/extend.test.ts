import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import { encodePicture } from '../../src/images/encode.ts';
import { resizePhoto } from '../../src/images/resize.ts';
import { cut } from '../../src/pixels/frame.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { drawBy, fileOf, pictureOf } from '../support/draw-by-service.ts';
import { maxAbsDifference, smallModelPath } from '../support/golden.ts';
import { inlinePicture, root, Service } from '../support/service.ts';

/** Neither side is a multiple of 8. */
const size = { width: 150, height: 101 };
const photo = await resizePhoto(
  await decodePicture(readFileSync(new URL('test/photos/astronaut.png', root))),
  size,
  'crop',
);
const picture = inlinePicture(await encodePicture(photo, { format: 'png', quality: 100 }));

let models: string;
let service: Service;
beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'armature-extend-'));
  await cp(smallModelPath('models', 'inpaint-tiny'), join(models, 'inpaint-tiny'), { recursive: true });
  service = await Service.start({ flags: ['--models', models] });
});
afterAll(async () => {
  await service.stop();
  await rm(models, { recursive: true, force: true });
});

const draw = async (body: object): Promise<JobView> =>
  await drawBy(service, { prompt: 'an astronaut', init_image: picture, mask_blur: 2, ...body });

/** What an output has of the picture, but for as many pixels along the sides that were added. */
function kept(image: RgbImage, { left, top, margin }: { left: number; top: number; margin: number }): Uint8Array {
  const [x, y] = [left > 0 ? margin : 0, top > 0 ? margin : 0];
  const box = { x: left + x, y: top + y, width: size.width - x - margin, height: size.height - y - margin };
  const own = cut(photo, { ...box, x, y });
  const there = cut(image, box);
  expect([there.width, there.height]).toEqual([own.width, own.height]);
  return own.data.map((value, i) => Math.abs(value - there.data[i]!));
}

it.each([
  ['all of it', {}],
  ['with a model that inpaints', { model: 'inpaint-tiny', inpaint: { area: 'masked' }, width: 64, height: 64 }],
  ['the part around what is new', { inpaint: { area: 'masked', padding: 16 }, width: 128, height: 128 }],
])('a picture is drawn on and keeps its own pixels: %s', async (_, body) => {
  const extend = { left: 37, top: 20, right: 9, bottom: 5 };
  const job = await draw({ extend, ...body });
  expect(job.outputs[0]).toMatchObject({ width: 196, height: 126 });
  expect(job.effective).toMatchObject({ extend: { ...extend, over: size }, strength: 1, inpaint: { fill: 'blur' } });
  const drawn = await pictureOf(service, job);
  // A blur of 2 pixels, which reaches 5 to each side, two pixels into the picture.
  expect(Math.max(...kept(drawn, { left: 37, top: 20, margin: 7 }))).toBe(0);
  // Within the margin something was drawn.
  expect(Math.max(...kept(drawn, { left: 37, top: 20, margin: 0 }))).toBeGreaterThan(0);
  expect(Buffer.from(await fileOf(service, job)).toString('latin1')).toContain('compositeWithTrainedAlgorithmicMedia');
});

it('controls lie where the picture lies, and act there alone', async () => {
  const extend = { left: 42 };
  const canny = { type: 'canny', image: picture };
  const job = await draw({ extend, controls: [canny] });
  const map = await decodePicture(Buffer.from(await (await service.fetch(job.maps[0]!.url)).arrayBuffer()));
  expect([map.width, map.height]).toEqual([192, 104]);
  // The picture itself as a map comes to lie at its place, with nothing beside it.
  const placed = await draw({ extend, steps: 2, controls: [{ ...canny, preprocess: false }] });
  const there = await decodePicture(Buffer.from(await (await service.fetch(placed.maps[0]!.url)).arrayBuffer()));
  expect(cut(there, { x: 42, y: 0, ...size }).data).toEqual(photo.data);
  expect(Math.max(...cut(there, { x: 0, y: 0, width: 42, height: 101 }).data)).toBe(0);
});

it('shares batches with others, and gives the pictures that each gives alone', async () => {
  const requests = [
    { extend: { right: 42, bottom: 27 }, steps: 24 },
    { extend: { left: 42, top: 27 }, steps: 24, scheduler: 'euler_a', mask_mode: 'soft' },
    { init_image: undefined, mask_blur: undefined, width: 192, height: 128, steps: 24 },
  ];
  const alone: JobView[] = [];
  for (const request of requests) alone.push(await draw(request));
  const together = await Promise.all(requests.map(draw));
  expect(Math.max(...together.map((job) => job.mean_batch ?? 0))).toBeGreaterThan(1);
  for (const [index, job] of together.entries()) {
    const [one, other] = [await pictureOf(service, job), await pictureOf(service, alone[index]!)];
    expect(maxAbsDifference(one.data, other.data)).toBeLessThanOrEqual(1);
  }
});
