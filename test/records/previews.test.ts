import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Carrier, type Preview, previewsOver, within } from '../../src/records/previews/previews.ts';

const preview: Preview = {
  job: 'gen_1',
  output: 0,
  candidate: 0,
  step: 3,
  steps: 20,
  width: 64,
  height: 64,
  jpeg: 'AAAA',
};

/** Several processes: what one sends comes to all, as notifications of a database do. */
function shared(): () => Carrier {
  const listeners = new Set<(text: string) => void>();
  return () => ({
    send: async (text) => {
      await Promise.resolve();
      for (const listener of listeners) listener(text);
    },
    listen: async (listener) => await Promise.resolve(void listeners.add(listener)),
  });
}

const settled = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

describe.each([
  ['one process', (carrier: Carrier) => [previewsOver(carrier), null]],
  [
    'two processes',
    () => {
      const carriers = shared();
      return [previewsOver(carriers()), previewsOver(carriers())];
    },
  ],
] as const)('previews in %s', (_, open) => {
  const [server, other] = open(within());
  const worker = other ?? server!;

  it('come to those who watch their job, and to nobody else', async () => {
    const [seen, elsewhere]: [Preview[], Preview[]] = [[], []];
    const stop = server!.watch('gen_1', (one) => seen.push(one));
    server!.watch('gen_2', (one) => elsewhere.push(one));
    await settled();
    await worker.show(preview);
    await settled();
    stop();
    await worker.show({ ...preview, step: 4 });
    await settled();
    expect(seen).toEqual([preview]);
    expect(elsewhere).toEqual([]);
  });

  it('are asked for by those who watch, whoever comes first', async () => {
    const told: boolean[] = [];
    const stopDrawing = worker.whileWatched('gen_3', (watched) => told.push(watched));
    await settled();
    expect(told).toEqual([]);
    server!.watch('gen_3', () => {});
    await settled();
    expect(told).toEqual([true]);
    stopDrawing();
    const later: boolean[] = [];
    worker.whileWatched('gen_3', (watched) => later.push(watched));
    await settled();
    await settled();
    expect(later).toEqual([true]);
  });
});

describe('who watched', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => vi.useRealTimers());

  it('is believed to be gone when nothing was heard for a while, and to be there as long as it says so', async () => {
    let now = 0;
    const channel = previewsOver(within(), () => now);
    const told: boolean[] = [];
    channel.whileWatched('gen_1', (watched) => told.push(watched));
    const leave = channel.watch('gen_1', () => {});
    await settled();
    for (let i = 0; i < 10; i++) {
      now += 5000;
      vi.advanceTimersByTime(5000);
      await settled();
    }
    expect(told).toEqual([true]);
    leave();
    for (let i = 0; i < 4; i++) {
      now += 5000;
      vi.advanceTimersByTime(5000);
    }
    expect(told).toEqual([true, false]);
    channel.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('a carrier is not listened to before anything is to be carried, and is asked again where it could not', async () => {
  let listened = 0;
  const channel = previewsOver({
    send: async () => await Promise.resolve(),
    listen: async () => {
      listened++;
      if (listened === 1) throw new Error('away');
      await Promise.resolve();
    },
  });
  expect(listened).toBe(0);
  await channel.show(preview);
  await channel.show(preview);
  await channel.show(preview);
  expect(listened).toBe(2);
});

it('what another release means by a notification is left alone', async () => {
  let bring = (_text: string): void => {};
  const channel = previewsOver({
    send: async () => await Promise.resolve(),
    listen: async (listener) => await Promise.resolve(void (bring = listener)),
  });
  const seen: Preview[] = [];
  channel.watch('gen_1', (one) => seen.push(one));
  await settled();
  for (const text of ['preview gen_1 {', 'preview gen_1 {"step":1}', 'preview', 'other gen_1', '']) bring(text);
  expect(seen).toEqual([]);
});
