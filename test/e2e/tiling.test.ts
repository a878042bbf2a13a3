import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { drawBy, pictureOf } from '../support/draw-by-service.ts';
import { maxAbsDifference } from '../support/golden.ts';
import { inlinePicture, root, Service } from '../support/service.ts';

const edges = readFileSync(new URL('test/diorama/scenes/04_canny.png', root));
const bricks = { prompt: 'a wall of red bricks', width: 128, height: 128, seed: 7, steps: 6 };

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(async () => await service.stop());

/** How much columns, or rows, differ from the ones beside them: on the mean of the picture, and where its edges meet. */
function seam({ width, height, data }: RgbImage, axis: 'x' | 'y'): { readonly inside: number; readonly edge: number } {
  const length = axis === 'x' ? width : height;
  const steps = new Float64Array(length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const next = axis === 'x' ? y * width + ((x + 1) % width) : ((y + 1) % height) * width + x;
      for (let channel = 0; channel < 3; channel++) {
        const change = Math.abs(data[(y * width + x) * 3 + channel]! - data[next * 3 + channel]!);
        steps[axis === 'x' ? x : y]! += change / data.length;
      }
    }
  }
  return { inside: Math.max(...steps.subarray(0, length - 1)), edge: steps[length - 1]! };
}

const meets = (picture: RgbImage, axis: 'x' | 'y'): boolean => {
  const { inside, edge } = seam(picture, axis);
  return edge <= inside;
};

it('opposite edges meet where they are to, beside requests that do not tile, with controls and over a picture', async () => {
  const requests = [
    bricks,
    { ...bricks, tiling: true },
    { ...bricks, tiling: 'x', controls: [{ type: 'canny', image: inlinePicture(edges), preprocess: false }] },
    { ...bricks, tiling: 'y', init_image: inlinePicture(edges), strength: 0.9 },
    { ...bricks, tiling: true, steps: 4, hires: { scale: 1.5, upscaler: 'lanczos', steps: 3, strength: 0.6 } },
  ];
  const alone: JobView[] = [];
  for (const request of requests) alone.push(await drawBy(service, request));
  expect(alone.map(({ effective }) => ('tiling' in effective ? effective.tiling : null))).toEqual([
    false,
    true,
    'x',
    'y',
    true,
  ]);
  const pictures = await Promise.all(alone.map(async (job) => await pictureOf(service, job)));
  const [plain, both, across, down, larger] = pictures as [RgbImage, RgbImage, RgbImage, RgbImage, RgbImage];
  expect([larger.width, meets(larger, 'x'), meets(larger, 'y')]).toEqual([192, true, true]);
  expect([meets(both, 'x'), meets(both, 'y'), meets(across, 'x'), meets(down, 'y')]).toEqual([true, true, true, true]);
  expect(maxAbsDifference(plain.data, both.data)).toBeGreaterThan(20);
  const together = await Promise.all(requests.map(async (request) => await drawBy(service, request)));
  for (const [index, job] of together.entries()) {
    const picture = await pictureOf(service, job);
    expect(maxAbsDifference(picture.data, pictures[index]!.data)).toBeLessThanOrEqual(1);
  }
});

it.each([
  [{ tiling: true, width: 136 }, 'width', /multiple of 32.* 128 would fit|multiple of 64.* 128 would fit/],
  [{ tiling: 'y', height: 136 }, 'height', /would fit/],
  [{ tiling: 'z' }, 'tiling', /tiling/],
])('refuses %o', async (body, field, detail) => {
  const response = await service.fetch('/v1/generations', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...bricks, ...body }),
  });
  expect(await response.json()).toMatchObject({ status: 400, field, detail: expect.stringMatching(detail) });
});

it('a side along which edges are not to meet may be any', async () => {
  await drawBy(service, { ...bricks, tiling: 'y', width: 136, steps: 1 });
});

it('the example of docs/api.md works as printed', async () => {
  const text = readFileSync(new URL('docs/api.md', root), 'utf8');
  const section = text.slice(text.indexOf('\n### Tiling\n'), text.indexOf('\n### Drawing over a picture\n'));
  const [, script = ''] = /```sh\n(curl[^`]*)```/.exec(section) ?? [];
  const folder = await mkdtemp(join(tmpdir(), 'armature-tiling-'));
  try {
    const here = script
      .replaceAll('http://127.0.0.1:7860', service.address)
      .replaceAll('curl -sS ', 'curl -sS --fail-with-body ');
    execFileSync('bash', ['-euc', here], { cwd: folder });
    const picture = await decodePicture(readFileSync(join(folder, 'tile.png')));
    expect([meets(picture, 'x'), meets(picture, 'y')]).toEqual([true, true]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
