import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ArmatureError } from '../../../src/errors.ts';
import { decodeHere } from '../../../src/images/decoder/decoder.ts';
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
      for (const want of ['verify', 'decode', 'decodeMasked'] as const) {
        const [there, here] = [pool[want](bytes, options), decodeHere[want](bytes, options)].map(outcome);
        expect(await there, name).toEqual(await here);
      }
    }
    expect(pool.pids).toHaveLength(1);
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
    expect(await outcome(babbling.decode(photo))).toMatchObject({ code: 'invalid_image' });
  });

  it('by chance, killed from outside, is replaced without a word', async () => {
    const killed = new DecoderPool({ entry });
    pools.push(killed);
    await killed.verify(photo);
    const [pid] = killed.pids;
    const decoding = killed.decode(photo);
    process.kill(pid!, 'SIGKILL');
    expect((await decoding).width).toBe((await decodeHere.decode(photo)).width);
    expect(killed.pids).not.toContain(pid);
  });

  it('by taking too long is killed', async () => {
    const hanging = new DecoderPool({ entry: bad, timeoutMs: 300 });
    pools.push(hanging);
    process.env['BAD_DECODER'] = 'hang';
    const decoding = hanging.decode(photo);
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
    const waiting = Promise.all([1, 2, 3].map(async () => await outcome(closing.decode(photo))));
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
