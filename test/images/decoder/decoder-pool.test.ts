import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ArmatureError } from '../../../src/errors.ts';
import { decodeHere, type PictureDecoder } from '../../../src/images/decoder/decoder.ts';
import { DecoderPool } from '../../../src/images/decoder/decoder-pool.ts';
import { mutatedPictures } from '../../support/mutated-pictures.ts';

const entry = new URL('../../../dist/images/decoder/main.js', import.meta.url);
const bad = new URL('./fixtures/bad-decoder.mjs', import.meta.url);
const pool = new DecoderPool({ entry });
const pools: DecoderPool[] = [pool];
afterAll(async () => {
  await Promise.all(pools.map(async (one) => await one.close()));
});
afterEach(() => delete process.env['BAD_DECODER']);

/** All of a picture, with what is masked in it. */
const whole = { as: 'photo', transparency: 'masked', within: { shortSide: null } } as const;

const photo = readFileSync(new URL('../../photos/coffee.png', import.meta.url));

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function outcome(work: Promise<unknown>): Promise<unknown> {
  return await work.catch((error: unknown) => {
    const { code, message, field } = error as ArmatureError;
    return { code, message, field };
  });
}

describe('pictures decoded in a child', () => {
  it('are those that are decoded here, and so are the errors', async () => {
    const options = { background: 'black', field: 'image' } as const;
    for await (const { name, bytes } of mutatedPictures(77, 120)) {
      for (const work of [
        async (decoder: PictureDecoder) => await decoder.verify(bytes, options),
        async (decoder: PictureDecoder) => await decoder.factsOfMask(bytes, 'alpha', options),
        async (decoder: PictureDecoder) => await decoder.see({ picture: bytes, mask: bytes }, whole),
      ]) {
        const [there, here] = [work(pool), work(decodeHere)].map(outcome);
        expect(await there, name).toEqual(await here);
      }
    }
    expect(pool.pids).toHaveLength(1);
  });

  it('are brought there to what is drawn over, and what is drawn is put into them', async () => {
    const square = { x: 40, y: 30, width: 60, height: 50 };
    const mask = await sharp({ create: { width: 200, height: 150, channels: 3, background: 'black' } })
      .composite([
        { input: { create: { ...square, channels: 3, background: 'white' } }, left: square.x, top: square.y },
      ])
      .png()
      .toBuffer();
    const files = { picture: await sharp(photo).resize(200, 150).png().toBuffer(), mask };
    const source = { width: 200, height: 150 };
    const part = {
      channel: 'luminance',
      mode: 'soft',
      blur: 3,
      area: 'masked',
      padding: 8,
      fill: 'blur',
      source,
    } as const;
    const plan = { size: { width: 64, height: 64 }, resize: 'crop', mask: part } as const;
    const begun = await pool.begin(files, plan);
    expect(begun).toEqual(await decodeHere.begin(files, plan));
    expect(begun).toMatchObject({ frame: { source, working: plan.size }, repaint: { mode: 'soft', fill: 'blur' } });
    const drawn = { ...plan.size, data: new Uint8Array(64 * 64 * 3).fill(9) };
    const put = await pool.paste(files, plan, drawn);
    expect(put).toEqual(await decodeHere.paste(files, plan, drawn));
    const before = await pool.see(files, { as: 'photo', transparency: 'white', within: { shortSide: null } });
    expect([...put.data.subarray(0, 3)]).toEqual([...before.data.subarray(0, 3)]);
    expect([...put.data.subarray((60 * 200 + 70) * 3).subarray(0, 3)]).toEqual([9, 9, 9]);
  });

  it('keep to the limits of whoever asks', async () => {
    const limits = { maxBytes: photo.length, maxPixels: 1000 };
    await expect(pool.verify(photo, { limits, field: 'x' })).rejects.toMatchObject({
      code: 'image_too_large',
      field: 'x',
    });
  });

  it('are many at once, of one tenant no more than its share', async () => {
    process.env['BAD_DECODER'] = 'hang';
    const hanging = new DecoderPool({ entry: bad, children: 3, perTenant: 1 });
    const decoding = ['many', 'many', 'many', 'one'].map(
      async (tenant) => await outcome(hanging.verify(photo, { tenant })),
    );
    await expect.poll(() => hanging.pids.length).toBe(2);
    const more = ['two', 'three', 'four'].map(async (tenant) => await outcome(hanging.verify(photo, { tenant })));
    await expect.poll(() => hanging.pids.length).toBe(3);
    await hanging.close();
    for (const each of await Promise.all([...decoding, ...more])) expect(each).toMatchObject({ code: 'unavailable' });
  });
});

describe('a decoder that fails', () => {
  it('by a crash costs its picture alone, after a second try', async () => {
    const crashing = new DecoderPool({ entry: bad });
    pools.push(crashing);
    process.env['BAD_DECODER'] = 'crash';
    const error = await outcome(crashing.verify(photo, { field: 'image' }));
    expect(error).toMatchObject({ code: 'invalid_image', field: 'image', message: expect.stringContaining('SIGSEGV') });
    delete process.env['BAD_DECODER'];
    expect(await crashing.verify(photo)).toMatchObject({ format: 'png' });
  });

  it('by saying something else costs its picture alone', async () => {
    const babbling = new DecoderPool({ entry: bad });
    pools.push(babbling);
    process.env['BAD_DECODER'] = 'babble';
    expect(await outcome(babbling.see({ picture: photo }, whole))).toMatchObject({ code: 'invalid_image' });
  });

  it('by chance, killed from outside, is replaced without a word', async () => {
    const killed = new DecoderPool({ entry });
    pools.push(killed);
    await killed.verify(photo);
    const [pid] = killed.pids;
    const decoding = killed.see({ picture: photo }, whole);
    process.kill(pid!, 'SIGKILL');
    expect((await decoding).width).toBe((await decodeHere.see({ picture: photo }, whole)).width);
    expect(killed.pids).not.toContain(pid);
  });

  it('by a machine that is busy is waited for', async () => {
    const starved = new DecoderPool({ entry: bad, timeoutMs: 1500 });
    pools.push(starved);
    process.env['BAD_DECODER'] = 'starve';
    expect(await starved.verify(photo)).toMatchObject({ format: 'png' });
  });

  it.each(['hang', 'spin'])('by taking too long is killed: %s', async (how) => {
    const hanging = new DecoderPool({ entry: bad, timeoutMs: 300 });
    pools.push(hanging);
    process.env['BAD_DECODER'] = how;
    const decoding = hanging.see({ picture: photo }, whole);
    const [pid] = hanging.pids;
    expect(await outcome(decoding)).toMatchObject({ code: 'invalid_image', message: expect.stringContaining('0.3 s') });
    await expect.poll(() => isAlive(pid!)).toBe(false);
  });
});

describe('children', () => {
  it('end when they have nothing to do, which gives back their memory, and come again', async () => {
    const idle = new DecoderPool({ entry, idleMs: 50 });
    pools.push(idle);
    await idle.verify(photo);
    const [pid] = idle.pids;
    await expect.poll(() => isAlive(pid!)).toBe(false);
    expect(idle.pids).toEqual([]);
    expect(await idle.verify(photo)).toMatchObject({ format: 'png' });
  });

  it('are closed with the pool, and what waits is told', async () => {
    const closing = new DecoderPool({ entry, children: 1 });
    const waiting = Promise.all([1, 2, 3].map(async () => await outcome(closing.see({ picture: photo }, whole))));
    await closing.close();
    for (const each of await waiting) expect(each).toMatchObject({ code: 'unavailable' });
    await expect(closing.verify(photo)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('do not keep their parent alive', () => {
    const module = new URL('../../../dist/images/decoder/decoder-pool.js', import.meta.url);
    const file = fileURLToPath(new URL('../../photos/coffee.png', import.meta.url));
    const script = `
      import { readFileSync } from 'node:fs';
      import { DecoderPool } from '${module.href}';
      const { width } = await new DecoderPool().verify(readFileSync('${file}'));
      console.log(width);`;
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 10_000,
    });
    expect([status, Number(stdout) > 0]).toEqual([0, true]);
  });
});
