import { describe, expect, test } from 'vitest';
import type { OnnxModel } from '../../src/graph/compiler/index.ts';
import { OnnxEmitter } from '../../src/graph/lowering/onnx-emitter.ts';
import { encode } from '../../src/graph/onnx/encode.ts';
import { type NetworkSession, SessionPool } from '../../src/runtime/index.ts';

const settings = { provider: 'cpu', deviceId: 0, threads: 1 } as const;
const x = { dims: [1], data: Float32Array.of(3) };

/** A network that multiplies by `factor`, said to have `parameters` weights. */
function network(factor: number, parameters: number): OnnxModel {
  const emitter = new OnnxEmitter('test network');
  const input = emitter.input({ name: 'x', type: 'float32', dims: [1] });
  const product = emitter.op('Mul', [input, emitter.float([factor], [1])]);
  emitter.output(product, { name: 'out', type: 'float32', dims: [1] });
  const bytes = encode(emitter.finish());
  return {
    name: 'test network',
    bytes,
    weightsFolder: '',
    inputs: ['x'],
    outputs: ['out'],
    weights: [],
    parameters,
    everyStep: false,
  };
}

const result = async (session: NetworkSession): Promise<number> => (await session.run({ x }))['out']?.data[0] ?? 0;

describe('sessions under a budget', () => {
  test('one session a key, built once', async () => {
    const pool = new SessionPool(settings, 1e6);
    let built = 0;
    const build = (): OnnxModel => {
      built++;
      return network(2, 10);
    };
    expect(await Promise.all([pool.use('a', build, result), pool.use('a', build, result)])).toEqual([6, 6]);
    expect(await pool.use('a', build, result)).toBe(6);
    expect(built).toBe(1);
    await pool.release();
    expect(pool.bytes).toBe(0);
  });

  test('the least recently used goes when another needs its memory', async () => {
    const pool = new SessionPool(settings, 10_000);
    const use = (key: string): Promise<number> => pool.use(key, () => network(2, 1000), result);
    await use('a');
    await use('b');
    await use('a');
    expect(pool.keys).toEqual(['b', 'a']);
    await use('c');
    expect(pool.keys).toEqual(['a', 'c']);
    expect(pool.bytes).toBeLessThanOrEqual(10_000);
    await pool.release();
  });

  test('what a network takes to load is known once it was loaded, and asked for while it is not', async () => {
    const pool = new SessionPool(settings, 10_000);
    const use = (key: string): Promise<number> => pool.use(key, () => network(2, 2000), result);
    expect(pool.reloadMs('a')).toBe(0);
    await use('a');
    expect(pool.reloadMs('a')).toBe(0);
    await use('b');
    expect(pool.keys).toEqual(['b']);
    expect(pool.reloadMs('a')).toBeGreaterThan(0);
    await use('a');
    expect([pool.reloadMs('a'), pool.reloadMs('b') > 0]).toEqual([0, true]);
    await pool.release();
  });

  test('a session in use stays; what does not fit beside it is refused with the numbers', async () => {
    const pool = new SessionPool(settings, 10_000);
    await pool.use(
      'a',
      () => network(2, 2000),
      async (session) => {
        const other = pool.use('b', () => network(3, 1000), result);
        await expect(other).rejects.toMatchObject({
          code: 'out_of_memory',
          message: expect.stringMatching(/memory budget is 0\.00 GB/),
        });
        expect(await result(session)).toBe(6);
      },
    );
    expect(await pool.use('b', () => network(3, 1000), result)).toBe(9);
    expect(pool.keys).toEqual(['b']);
    await pool.release();
  });

  test('a failed load leaves the pool as it was', async () => {
    const pool = new SessionPool(settings, 1e6);
    const broken = { ...network(2, 10), bytes: new Uint8Array([1, 2, 3]) };
    await expect(pool.use('a', () => broken, result)).rejects.toMatchObject({ code: 'model_invalid' });
    expect(pool.keys).toEqual([]);
    expect(await pool.use('a', () => network(4, 10), result)).toBe(12);
    await pool.release();
  });

  test('numbers that networks are fed with are read once, and go like sessions when another needs their memory', async () => {
    const pool = new SessionPool(settings, 10_000);
    let read = 0;
    const keep = async (): Promise<string> =>
      await pool.keep('numbers', 'LoRA', 2000, async () => await Promise.resolve(`read ${++read}`));
    expect([await keep(), await keep()]).toEqual(['read 1', 'read 1']);
    expect(pool.bytes).toBe(2000);
    await pool.use('a', () => network(2, 1500), result);
    expect(pool.keys).toEqual(['numbers', 'a']);
    await pool.use('b', () => network(2, 1500), result);
    expect(pool.keys).toEqual(['b']);
    expect(await keep()).toBe('read 2');
    await pool.forget('numbers');
    expect(pool.keys).toEqual(['b']);
    await pool.release();
  });

  test('numbers that do not fit are refused before they are read, and one that could not be read is read again', async () => {
    const pool = new SessionPool(settings, 1000);
    await expect(pool.keep('a', 'LoRA', 1001, () => Promise.reject(new Error('read')))).rejects.toMatchObject({
      code: 'out_of_memory',
      message: expect.stringContaining('The LoRA needs'),
    });
    await expect(pool.keep('a', 'LoRA', 10, () => Promise.reject(new Error('read')))).rejects.toThrow('read');
    expect(await pool.keep('a', 'LoRA', 10, () => Promise.resolve('there'))).toBe('there');
  });

  test('what is in use is not forgotten', async () => {
    const pool = new SessionPool(settings, 10_000);
    await pool.use(
      'a',
      () => network(2, 10),
      async (session) => {
        await pool.forget('a');
        expect(await result(session)).toBe(6);
      },
    );
    expect(pool.keys).toEqual(['a']);
    await pool.release();
  });

  test('work that fails gives its session back', async () => {
    const pool = new SessionPool(settings, 9000);
    const failing = pool.use(
      'a',
      () => network(2, 1000),
      () => Promise.reject(new Error('no')),
    );
    await expect(failing).rejects.toThrow('no');
    await pool.use('b', () => network(2, 2000), result);
    expect(pool.keys).toEqual(['b']);
    await pool.release();
  });
});

test('what onnxruntime says of a wrong feed stays inside', async () => {
  const pool = new SessionPool(settings, 1e6);
  const wrong = pool.use(
    'a',
    () => network(2, 10),
    (session) => session.run({ y: x }),
  );
  await expect(wrong).rejects.toMatchObject({ code: 'internal', message: 'The test network failed while it ran.' });
  await pool.release();
});
