import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { decodePicture } from '../../src/images/decode.ts';
import { encodePicture } from '../../src/images/encode.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { dioramaPath } from '../support/diorama.ts';
import { drawBy, pictureOf as drawnPicture } from '../support/draw-by-service.ts';
import { maxAbsDifference } from '../support/golden.ts';
import { inlinePicture, root, Service } from '../support/service.ts';

const side = 256;
const scene = (name: string) => inlinePicture(readFileSync(dioramaPath('scenes', name)));
const maskOf = async (levelAt: (x: number, y: number) => number) => {
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const at = Math.floor(i / 3);
    return levelAt(at % side, Math.floor(at / side));
  });
  return inlinePicture(await encodePicture({ width: side, height: side, data }, { format: 'png', quality: 100 }));
};
const isLeft = (x: number): boolean => x < side / 2;
const left = await maskOf((x) => (isLeft(x) ? 255 : 0));
const right = await maskOf((x) => (isLeft(x) ? 0 : 255));
const white = await maskOf(() => 255);
const black = await maskOf(() => 0);

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(async () => await service.stop());

const draw = async (body: object): Promise<JobView> => await drawBy(service, { prompt: '', ...body });
const pictureOf = async (job: JobView): Promise<RgbImage> => await drawnPicture(service, job);

const canny = (name: string, mask?: object) => ({
  type: 'canny',
  image: scene(`${name}_canny.png`),
  preprocess: false,
  ...(mask === undefined ? {} : { mask }),
});

/** Mean absolute difference of two pictures over those columns. */
function difference(a: RgbImage, b: RgbImage, among: (x: number) => boolean): number {
  let [sum, count] = [0, 0];
  for (const [i, value] of a.data.entries()) {
    if (!among(Math.floor(i / 3) % side)) continue;
    sum += Math.abs(value - b.data[i]!);
    count += 1;
  }
  return sum / count;
}

/** How well an output obeys a map within the regions of controls: F1 of its edges. */
const figuresOf = (job: JobView): number[] => job.outputs[0]!.fidelity!.map(({ value }) => value!);
/** A control that does not steer and is measured all the same. */
const measured = (name: string, mask: object) => ({ ...canny(name, mask), scale: 0 });

describe('a control that acts in a region', () => {
  it('is obeyed there, and not beside it', async () => {
    const probes = [measured('01', left), measured('01', right)];
    const [none, all, half] = [
      await draw({ evaluate: true, controls: probes }),
      await draw({ evaluate: true, controls: [...probes, canny('01')] }),
      await draw({ evaluate: true, controls: [...probes, canny('01', left)] }),
    ];
    const figures = [none, all, half].map(figuresOf);
    const [free, steered, masked] = figures.map(([there, beside]) => ({ there: there!, beside: beside! }));
    expect(masked!.there).toBeGreaterThan(free!.there + 0.4);
    expect(masked!.beside).toBeLessThan(steered!.beside - 0.2);
    expect(figures[2]![2]).toBe(masked!.there);

    expect(half.effective).toMatchObject({ controls: [{}, {}, { mask: { sha256: expect.any(String) } }] });

    // Without a prompt colours would differ from picture to picture more than structure does.
    const prompt = 'a mannequin with raised arms in a yellow top and white pants';
    const drawn = await Promise.all(
      [[], [canny('01')], [canny('01', left)]].map((controls) => draw({ prompt, controls })),
    );
    const [freePicture, steeredPicture, maskedPicture] = await Promise.all(drawn.map(pictureOf));
    const beside = (x: number): boolean => !isLeft(x);
    expect(difference(maskedPicture!, freePicture!, beside)).toBeLessThan(
      difference(maskedPicture!, steeredPicture!, beside),
    );
  });

  it('shares its ControlNet with another control in another region', async () => {
    const both = await draw({ evaluate: true, controls: [canny('01', left), canny('05', right)] });
    const probes = [measured('01', left), measured('05', right)];
    const exchanged = await draw({ evaluate: true, controls: [...probes, canny('05', left), canny('01', right)] });
    const [own, others] = [figuresOf(both), figuresOf(exchanged)];
    for (const control of [0, 1]) expect(own[control]).toBeGreaterThan(others[control]! + 0.1);
  });

  it('that is white all over gives the very picture of none, one that is black that of no control', async () => {
    const sha256 = async (controls: readonly object[]) => (await draw({ controls })).outputs[0]!.sha256;
    const [all, none] = [await sha256([canny('03')]), await sha256([])];
    expect(all).not.toBe(none);
    expect(await sha256([canny('03', white)])).toBe(all);
    expect(await sha256([canny('03', black)])).toBe(none);
    expect(await sha256([{ ...canny('03'), scale: 0 }])).toBe(none);
    expect(await sha256([canny('03', black), canny('06')])).toBe(await sha256([canny('06')]));
    const nowhere = await draw({ evaluate: true, controls: [canny('03', black)] });
    expect(nowhere.warnings).toEqual(['controls[0]: its mask is black all over: it does not act.']);
    expect(nowhere.outputs[0]!.fidelity).toMatchObject([{ metric: null, value: null, note: expect.any(String) }]);
  });

  it('changes nothing for a picture that is drawn in the same batch', async () => {
    const requests = [{ controls: [canny('03', left)] }, { controls: [canny('03')] }, {}].map((body) => ({
      steps: 24,
      ...body,
    }));
    const alone: JobView[] = [];
    for (const request of requests) alone.push(await draw(request));
    const together = await Promise.all(requests.map(draw));
    expect(Math.max(...together.map((job) => job.mean_batch ?? 0))).toBeGreaterThan(1);
    for (const [index, job] of together.entries()) {
      const [one, other] = await Promise.all([job, alone[index]!].map(pictureOf));
      expect(maxAbsDifference(one!.data, other!.data)).toBeLessThanOrEqual(1);
    }
  });
});

it('the example of docs/conditions.md works as printed', async () => {
  const text = readFileSync(new URL('docs/conditions.md', root), 'utf8');
  const script = /```sh\n(curl[^`]*)```/.exec(text.split('\n### mask\n')[1] ?? '')?.[1] ?? '';
  expect(script).toContain('"mask":');
  const folder = await mkdtemp(join(tmpdir(), 'armature-region-'));
  try {
    await symlink(fileURLToPath(new URL('examples', root)), join(folder, 'examples'));
    const here = script
      .replaceAll('http://127.0.0.1:7860', service.address)
      .replaceAll('curl -sS ', 'curl -sS --fail-with-body ');
    execFileSync('bash', ['-euc', here], { cwd: folder, encoding: 'utf8' });
    const mask = await decodePicture(readFileSync(join(folder, 'subject.png')));
    expect(new Set(mask.data)).toEqual(new Set([0, 255]));
    expect((await decodePicture(readFileSync(join(folder, 'steered.png')))).width).toBe(side);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
