import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { canny } from '../../src/conditions/canny/canny.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { embeddedAnnotators } from '../../src/config/package-files.ts';
import { parseOptions } from '../../src/conditions/contract/options.ts';
import { findCondition } from '../../src/conditions/registry.ts';
import { ArmatureError } from '../../src/errors.ts';
import { ExtractorProcess } from '../../src/extractor/extractor-process.ts';
import { decodePicture } from '../../src/images/decode.ts';
import { enlarge } from '../../src/pixels/upscalers/enlarge.ts';
import { pixelUpscaler } from '../../src/pixels/upscalers/registry.ts';

/** The built child: what a user runs. */
const entry = new URL('../../dist/extractor/main.js', import.meta.url);
const options = { low_threshold: 100, high_threshold: 200, l2_gradient: false };
const photo = await decodePicture(readFileSync(new URL('../photos/coffee.png', import.meta.url)));

/** So large that its extraction takes hundreds of milliseconds. */
const large: RgbImage = { width: 2000, height: 1500, data: noise(2000 * 1500 * 3) };

function noise(length: number): Uint8Array {
  let state = 1;
  return new Uint8Array(length).map(() => (state = (state * 16807) % 2147483647) & 255);
}

const open: ExtractorProcess[] = [];
function start(entryUrl = entry, hangAfterMs = 120_000): ExtractorProcess {
  const extractor = new ExtractorProcess({ entry: entryUrl, hangAfterMs });
  open.push(extractor);
  return extractor;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((extractor) => extractor.close()));
});

async function refusal(action: Promise<unknown>): Promise<ArmatureError> {
  const error: unknown = await action.then(
    () => new Error('Expected a refusal'),
    (reason: unknown) => reason,
  );
  if (error instanceof ArmatureError) return error;
  throw error;
}

/** A process that ended counts as dead even where nobody has collected its exit code yet. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

describe('ExtractorProcess', () => {
  it.runIf(process.platform === 'linux')('runs networks in as many threads as it is told', async () => {
    const counts: number[] = [];
    for (const threads of [1, 4]) {
      const extractor = new ExtractorProcess({ entry, annotators: embeddedAnnotators, threads });
      open.push(extractor);
      await extractor.extract('softedge', photo, parseOptions(findCondition('softedge'), {}));
      counts.push(readdirSync(`/proc/${extractor.pid}/task`).length);
    }
    expect(counts[1]! - counts[0]!).toBe(3);
  });

  it('gives what the extractor gives in this process', async () => {
    const extractor = start();
    expect(await extractor.extract('canny', photo, options)).toEqual(canny.extract(photo, options));
    expect(extractor.pid).not.toBe(process.pid);
  });

  it('brings a picture to another size by a kernel', async () => {
    const extractor = start();
    const picture = { width: 3, height: 2, channels: 4, data: noise(24) } as const;
    const size = { width: 7, height: 5 };
    const larger = await extractor.enlarge('lanczos', picture, size);
    expect(larger).toEqual(enlarge(picture, size, pixelUpscaler('lanczos')!));
  });

  it('draws the map of structure that came as data', async () => {
    const extractor = start();
    const layout = {
      regions: [
        {
          class: 'sky',
          polygon: [
            [0, 0],
            [1, 0],
            [1, 0.5],
            [0, 0.5],
          ],
        },
      ],
      background: 'sea',
    };
    const drawn = await extractor.render('layout', layout, { width: 4, height: 2 });
    expect([...drawn.map.data.subarray(0, 3)]).toEqual([6, 230, 230]);
    expect([...drawn.map.data.subarray(-3)]).toEqual([9, 7, 230]);
    const nobody = await extractor.render('pose', { people: [] }, { width: 8, height: 8 });
    expect(nobody.blank).toBe('openpose: the pose holds no point to draw.');
  });

  it('compares maps', async () => {
    const extractor = start();
    const made = await extractor.extract('canny', photo, options);
    const both = { options, drawn: made, requested: { map: made.map } };
    expect(await extractor.compare({ condition: 'canny', ...both })).toMatchObject({ metric: 'f1', value: 1 });
    expect(await extractor.compare({ condition: 'tile', ...both })).toMatchObject({ metric: 'ssim', value: 1 });
  });

  it('starts one child with the first picture and keeps it', async () => {
    const extractor = start();
    expect(extractor.pid).toBeUndefined();
    const maps = await Promise.all([1, 2, 3].map(() => extractor.extract('canny', photo, options)));
    const { pid } = extractor;
    expect(maps).toHaveLength(3);
    await extractor.extract('canny', photo, options);
    expect(extractor.pid).toBe(pid);
  });

  it('passes warnings and errors on', async () => {
    const extractor = start();
    const flat = { width: 8, height: 8, data: new Uint8Array(192) };
    expect((await extractor.extract('canny', flat, options)).warnings[0]).toContain('no edges found');
    expect(await refusal(extractor.extract('canyn', flat, options))).toMatchObject({ code: 'unknown_condition' });
    expect(await refusal(extractor.extract('depth', flat, parseOptions(findCondition('depth'))))).toMatchObject({
      code: 'model_missing',
    });
  });

  it('loses only the picture in work when the child is killed, and goes on with the next', async () => {
    const extractor = start();
    await extractor.extract('canny', photo, options);
    const { pid } = extractor;
    const lost = refusal(extractor.extract('canny', large, options));
    const behind = extractor.extract('canny', photo, options);
    process.kill(pid!, 'SIGKILL');
    expect(await lost).toMatchObject({ code: 'extractor_lost', message: expect.stringContaining('SIGKILL') });
    expect((await behind).map).toMatchObject({ width: photo.width });
    expect(extractor.pid).not.toBe(pid);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'loses no picture by %s, which is meant for everybody, from its first moment on',
    async (signal) => {
      const extractor = start();
      const first = extractor.extract('canny', photo, options);
      const { pid } = extractor;
      // A child that has not begun to read its program is ended by it.
      process.kill(pid!, signal);
      expect((await first).map).toMatchObject({ width: photo.width });
      const second = extractor.pid;
      const slow = extractor.extract('canny', large, options);
      process.kill(second!, signal);
      expect((await slow).map).toMatchObject({ width: large.width });
      expect(second).not.toBe(pid);
      expect(extractor.pid).toBe(second);
    },
  );

  it('notices a child that dies between two pictures', async () => {
    const extractor = start();
    await extractor.extract('canny', photo, options);
    process.kill(extractor.pid!, 'SIGKILL');
    const outcomes = await Promise.allSettled([
      extractor.extract('canny', photo, options),
      extractor.extract('canny', photo, options),
    ]);
    // The first may have been sent to the dying child; the second never is.
    expect(outcomes[1]).toMatchObject({ status: 'fulfilled' });
  });

  it("leaves the caller's event loop free while a slow picture is in work", async () => {
    const extractor = start();
    await extractor.extract('canny', photo, options);
    const slow = { done: false };
    const work = extractor.extract('canny', large, options).finally(() => (slow.done = true));
    let turns = 0;
    while (!slow.done) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
    await work;
    expect(turns).toBeGreaterThan(200);
  });

  it('ends the wait when the signal is aborted, and can be used on', async () => {
    const extractor = start();
    await extractor.extract('canny', photo, options);
    const controller = new AbortController();
    const inWork = refusal(extractor.extract('canny', large, options, controller.signal));
    const waiting = refusal(extractor.extract('canny', photo, options, controller.signal));
    controller.abort(new ArmatureError('cancelled', 'The user cancelled.'));
    expect(await inWork).toMatchObject({ code: 'cancelled', message: 'The user cancelled.' });
    expect(await waiting).toMatchObject({ code: 'cancelled' });
    expect(await refusal(extractor.extract('canny', photo, options, AbortSignal.abort()))).toMatchObject({
      code: 'cancelled',
    });
    expect((await extractor.extract('canny', photo, options)).map).toMatchObject({ width: photo.width });
  });

  it('kills a child that hangs', async () => {
    const extractor = start(new URL('./fixtures/hanging-child.mjs', import.meta.url), 2000);
    expect(await refusal(extractor.extract('canny', photo, options))).toMatchObject({
      code: 'extractor_lost',
      message: expect.stringContaining('SIGKILL'),
    });
  });

  it('fails each picture when the child cannot start', async () => {
    const extractor = start(new URL('./no-such-file.js', import.meta.url));
    expect(await refusal(extractor.extract('canny', photo, options))).toMatchObject({ code: 'extractor_lost' });
    expect(await refusal(extractor.extract('canny', photo, options))).toMatchObject({ code: 'extractor_lost' });
  });

  it('the child ends when its parent is killed', async () => {
    const module = new URL('../../dist/extractor/extractor-process.js', import.meta.url);
    const script = `
      import { ExtractorProcess } from ${JSON.stringify(module.href)};
      const extractor = new ExtractorProcess();
      const image = { width: 8, height: 8, data: new Uint8Array(192) };
      await extractor.extract('canny', image, ${JSON.stringify(options)});
      console.log(extractor.pid);`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const child = Number(line.toString());
    expect(isAlive(child)).toBe(true);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(isAlive(child)).toBe(false), { timeout: 20_000 });
  });

  it('close() kills the child, fails what is under way and refuses more', async () => {
    const extractor = start();
    await extractor.extract('canny', photo, options);
    const pid = extractor.pid!;
    const underWay = refusal(extractor.extract('canny', large, options));
    await extractor.close();
    expect(isAlive(pid)).toBe(false);
    expect(await underWay).toMatchObject({ code: 'unavailable' });
    expect(await refusal(extractor.extract('canny', photo, options))).toMatchObject({ code: 'unavailable' });
  });
});
