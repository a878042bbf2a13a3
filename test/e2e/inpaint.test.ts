import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MaskedImage } from '../../src/pixels/rgb-image.ts';
import { decodeMasked, decodePicture } from '../../src/images/decode.ts';
import { encodePicture } from '../../src/images/encode.ts';
import { resizePhoto } from '../../src/images/resize.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { inlinePicture, root, Service } from '../support/service.ts';

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(async () => await service.stop());

const size = { width: 256, height: 256 };
const photo = await resizePhoto(
  await decodePicture(readFileSync(new URL('test/photos/astronaut.png', root))),
  size,
  'crop',
);
const masked = Uint8Array.from({ length: 256 * 256 }, (_, i) => (i % 256 > 150 ? 1 : 0));
const png = async (image: MaskedImage) => inlinePicture(await encodePicture(image, { format: 'png', quality: 100 }));
const picture = await png(photo);
const transparent = await png({ ...photo, masked });
const mask = await png({
  ...size,
  data: Uint8Array.from({ length: 256 * 256 * 3 }, (_, i) => masked[Math.floor(i / 3)]! * 255),
});

async function run(path: string, body: object): Promise<JobView> {
  const response = await service.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=60' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as JobView;
}

/** The embedded model has no ControlNet for inpainting: another one is fed with the hint. */
async function draw(image: object): Promise<JobView> {
  const controls = [{ type: 'inpaint', model: 'diorama-canny', image }];
  return await run('/v1/generations', { prompt: 'a ball', seed: 3, steps: 2, controls });
}

it('a picture with a part to be drawn anew steers alike however that part is said, and from its own map', async () => {
  const beside = await draw({ picture, mask });
  expect(beside).toMatchObject({
    status: 'succeeded',
    warnings: [expect.stringMatching(/feeds maps of type inpaint/)],
  });
  const map = await decodeMasked(Buffer.from(await (await service.fetch(beside.maps[0]!.url)).arrayBuffer()));
  expect(map.masked).toEqual(masked);
  expect(map.data).toEqual(photo.data.map((value, i) => (masked[Math.floor(i / 3)] === 1 ? 0 : value)));

  const sha256 = beside.outputs[0]!.sha256;
  expect((await draw(transparent)).outputs[0]).toMatchObject({ sha256 });
  const again = await draw({ generation: beside.id, map: 0 });
  expect(again.effective).toMatchObject({ controls: [{ preprocess: false }] });
  expect(again.outputs[0]).toMatchObject({ sha256 });
  expect(again.maps[0]).toMatchObject({ sha256: beside.maps[0]!.sha256 });

  const extraction = await run('/v1/conditions/inpaint', { image: { picture, mask } });
  expect(extraction.outputs[0]).toMatchObject({ sha256: beside.maps[0]!.sha256, content_type: 'image/png' });

  // A hint that is -1 there is another than one that is 0.
  const black = await png({ ...size, data: map.data });
  const unmasked = await draw(black);
  expect(unmasked.warnings).toContainEqual(expect.stringMatching(/no part of the picture is to be drawn anew/));
  expect(unmasked.outputs[0]!.sha256).not.toBe(sha256);
});
