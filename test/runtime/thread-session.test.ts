import { afterEach, describe, expect, test } from 'vitest';
import type { OnnxModel } from '../../src/graph/compiler/index.ts';
import { OnnxEmitter } from '../../src/graph/lowering/onnx-emitter.ts';
import { encode } from '../../src/graph/onnx/encode.ts';
import { type NetworkSession, SessionPool } from '../../src/runtime/index.ts';
import { createThreadSession } from '../../src/runtime/thread-session.ts';

const settings = { provider: 'cpu', deviceId: 0, threads: 1 } as const;

/** A network that multiplies by `factor`, said to have `parameters` weights. */
function network(factor: number, parameters: number): OnnxModel {
  const emitter = new OnnxEmitter('test network');
  const input = emitter.input({ name: 'x', type: 'float32', dims: [2] });
  emitter.output(emitter.op('Mul', [input, emitter.float([factor], [1])]), {
    name: 'out',
    type: 'float32',
    dims: [2],
  });
  return {
    name: 'test network',
    bytes: encode(emitter.finish()),
    weightsFolder: '',
    inputs: ['x'],
    outputs: ['out'],
    weights: [],
    parameters,
    everyStep: false,
  };
}

/** A part of a larger array, as feeds often are. */
const x = { dims: [2], data: new Float32Array([1, 2, 3, 4]).subarray(1, 3) };
const result = async (session: NetworkSession): Promise<readonly number[]> => [
  ...((await session.run({ x }))['out']?.data ?? []),
];

/** Weights of 4000 bytes and more are loaded by threads; how often somebody went aside. */
function threadedPool(budget: number) {
  let waits = 0;
  const pool = new SessionPool(settings, budget, {
    fromBytes: 4000,
    aside: async (wait) => {
      waits++;
      return await wait();
    },
  });
  pools.push(pool);
  return { pool, waits: () => waits };
}

const pools: SessionPool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.release();
});

describe('a session of a thread', () => {
  test('gives what one of this thread gives, again and again, and keeps what it is fed with as it was', async () => {
    const session = await createThreadSession(network(2, 10), settings);
    expect([await result(session), await result(session)]).toEqual([
      [4, 6],
      [4, 6],
    ]);
    expect([...x.data]).toEqual([2, 3]);
    await session.release();
  });

  test('says what went wrong in our words, and is there for the next run', async () => {
    const session = await createThreadSession(network(2, 10), settings);
    await expect(session.run({ y: x })).rejects.toMatchObject({
      code: 'internal',
      message: 'The test network failed while it ran.',
    });
    expect(await result(session)).toEqual([4, 6]);
    await session.release();
  });

  test('whose thread dies says so, whenever it is asked again too, and can be released', async () => {
    const says = `import { parentPort } from 'node:worker_threads';
      parentPort.postMessage({ type: 'ready' });
      parentPort.on('message', () => process.exit(1));`;
    const dying = new URL(`data:text/javascript,${encodeURIComponent(says)}`);
    const session = await createThreadSession(network(2, 10), settings, dying);
    const ended = [session.hasEnded?.()];
    for (let run = 0; run < 2; run++) {
      await expect(session.run({ x })).rejects.toMatchObject({ code: 'internal' });
      ended.push(session.hasEnded?.());
    }
    expect(ended).toEqual([false, true, true]);
    await session.release();
  });
});

describe('loading beside others', () => {
  test('what is loaded can be used while a thread loads, and small networks are loaded in this one', async () => {
    const { pool, waits } = threadedPool(1e6);
    const order: string[] = [];
    const used = async (key: string, weights: number): Promise<void> => {
      await pool.use(key, () => network(2, weights), result);
      order.push(key);
    };
    await used('small', 10);
    expect(waits()).toBe(0);
    await Promise.all([used('large', 1000), used('small', 10), used('other', 10)]);
    expect(order).toEqual(['small', 'small', 'other', 'large']);
    expect(waits()).toBe(1);
  });

  test('memory is reserved while a thread loads', async () => {
    const { pool } = threadedPool(10_000);
    await pool.use('idle', () => network(2, 900), result);
    const loading = pool.use('large', () => network(3, 1700), result);
    // Another asks for what does not fit beside it: one of them waits, and none is refused.
    const next = pool.use('next', () => network(5, 900), result);
    expect([await loading, await next]).toEqual([
      [6, 9],
      [10, 15],
    ]);
    expect(pool.keys).toHaveLength(1);
    expect(pool.bytes).toBeLessThanOrEqual(10_000);
  });

  test('who needs the memory of a session in use waits for it; what never fits is refused', async () => {
    const { pool } = threadedPool(10_000);
    const order: string[] = [];
    const staying = pool.use(
      'a',
      () => network(2, 1700),
      async (session) => {
        const waiting = pool.use('b', () => network(3, 1700), result).then(() => order.push('b'));
        const never = pool.use('c', () => network(3, 3000), result);
        await expect(never).rejects.toMatchObject({ code: 'out_of_memory' });
        for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
        expect(pool.keys).toEqual(['a']);
        order.push('a');
        return { waiting, outputs: await result(session) };
      },
    );
    const { waiting, outputs } = await staying;
    await waiting;
    expect(outputs).toEqual([4, 6]);
    expect([order, pool.keys]).toEqual([['a', 'b'], ['b']]);
  });

  test('who asks at the same moment is not given the same room', async () => {
    const { pool } = threadedPool(10_000);
    let most = 0;
    const kept = async (key: string): Promise<string> =>
      await pool.keep(key, 'numbers', 6000, async () => {
        most = Math.max(most, pool.bytes);
        return await Promise.resolve(key);
      });
    expect(await Promise.all([kept('a'), kept('b')])).toEqual(['a', 'b']);
    expect(most).toBe(6000);
  });

  test('memory is there for others once a thread has released it, and not before', async () => {
    const { pool } = threadedPool(10_000);
    await pool.use('large', () => network(2, 1700), result);
    await pool.keep('kept', 'numbers', 500, async () => await Promise.resolve(0));
    const letGo = pool.forget('large');
    expect([pool.keys, pool.bytes > 7000]).toEqual([['kept'], true]);
    const met = await pool.keep('next', 'numbers', 6000, async () => await Promise.resolve(pool.bytes));
    await letGo;
    // What is kept did not have to go for it.
    expect([met, pool.keys, pool.bytes]).toEqual([6500, ['kept', 'next'], 6500]);
  });

  test('one that has ended by itself is not gone on with', async () => {
    const { pool } = threadedPool(10_000);
    const dying = pool.use(
      'a',
      () => network(2, 1000),
      async (session) => {
        Object.assign(session, { hasEnded: () => true });
        await session.release();
        return await Promise.reject(new Error('its thread has ended'));
      },
    );
    await expect(dying).rejects.toThrow('its thread has ended');
    expect([pool.keys, pool.bytes]).toEqual([[], 0]);
    expect(await pool.use('a', () => network(2, 1000), result)).toEqual([4, 6]);
  });

  test('a load that fails is told to all who wait for it, and leaves nothing behind', async () => {
    const { pool } = threadedPool(10_000);
    const broken = { ...network(2, 1000), bytes: new Uint8Array(100) };
    const asked = [1, 2].map(async () => await pool.use('a', () => broken, result));
    for (const one of asked) await expect(one).rejects.toMatchObject({ code: 'model_invalid' });
    expect([pool.keys, pool.bytes]).toEqual([[], 0]);
    expect(await pool.use('a', () => network(2, 1000), result)).toEqual([4, 6]);
  });
});
