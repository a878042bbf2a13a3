/** A batch of 10,000 items on a real service: time to accept it, memory, and how an interactive request and /livez fare. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Service } from '../test/support/service.ts';

const items = Number(process.argv[2] ?? 10_000);
const tiny = { width: 64, height: 64, steps: 1 };

function percentile(times: readonly number[], share: number): string {
  const sorted = times.toSorted((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(0);
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const startedAt = performance.now();
  return [await work(), performance.now() - startedAt];
}

/** Memory of the service's own process (not its children's), in MB. */
function memory(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

function lines(): ReadableStream<Uint8Array> {
  let index = 0;
  return new ReadableStream({
    pull(controller) {
      const chunk = Array.from({ length: Math.min(100, items - index) }, (_, at) =>
        JSON.stringify({ prompt: `a red ball number ${index + at}`, seed: index + at, ...tiny }),
      );
      index += chunk.length;
      controller.enqueue(new TextEncoder().encode(`${chunk.join('\n')}\n`));
      if (index >= items) controller.close();
    },
  });
}

const service = await Service.start();
try {
  await service.draw({ prompt: 'a blue ball', ...tiny });
  const interactive = async (count: number): Promise<readonly number[]> => {
    const times: number[] = [];
    for (let i = 0; i < count; i += 1) {
      times.push((await timed(async () => await service.draw({ prompt: 'a blue ball', seed: i, ...tiny })))[1]);
    }
    return times;
  };
  const alone = await interactive(20);
  console.log(`interactive request, idle: p50 ${percentile(alone, 0.5)} ms, worst ${percentile(alone, 1)} ms`);

  const before = memory(service.pid);
  const accepting = new AbortController();
  const livez = (async () => {
    const times: number[] = [];
    while (!accepting.signal.aborted) {
      times.push((await timed(async () => await (await service.fetch('/livez')).arrayBuffer()))[1]);
      await delay(10);
    }
    return times;
  })();
  const [response, acceptMs] = await timed(
    async () =>
      await service.fetch('/v1/batches', {
        method: 'POST',
        headers: { 'content-type': 'application/jsonl' },
        body: lines(),
        duplex: 'half',
      }),
  );
  accepting.abort();
  const { id, counts } = (await response.json()) as { id: string; counts: Readonly<Record<string, number>> };
  const accepted = memory(service.pid);
  const answers = await livez;
  console.log(`${items} items accepted in ${(acceptMs / 1000).toFixed(1)} s (status ${response.status})`, counts);
  console.log(`  /livez meanwhile: p50 ${percentile(answers, 0.5)} ms, p99 ${percentile(answers, 0.99)} ms`);
  console.log(`  memory of the service: ${before.toFixed(0)} MB before, ${accepted.toFixed(0)} MB after`);

  const during = await interactive(20);
  console.log(
    `interactive request, batch running: p50 ${percentile(during, 0.5)} ms, worst ${percentile(during, 1)} ms`,
  );
  const [, readMs] = await timed(async () => await (await service.fetch(`/v1/batches/${id}`)).json());
  console.log(`  reading the batch: ${readMs.toFixed(0)} ms; memory ${memory(service.pid).toFixed(0)} MB`);

  const [, cancelMs] = await timed(
    async () => await (await service.fetch(`/v1/batches/${id}/cancel`, { method: 'POST' })).json(),
  );
  console.log(`cancelled in ${(cancelMs / 1000).toFixed(1)} s`);
} finally {
  await service.stop();
}
