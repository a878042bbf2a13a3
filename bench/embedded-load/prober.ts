import { setTimeout as pause } from 'node:timers/promises';
import type { Probe } from './probe.ts';

/** A process of its own that asks a server again and again, each question by itself, until it is told to report. */
const [address, questions] = process.argv.slice(2) as [string, string];
const probes = JSON.parse(questions) as readonly Probe[];
const times = new Map<string, number[]>(probes.map(({ name }) => [name, []]));

async function ask({ name, method, path, body, everyMs }: Probe): Promise<void> {
  const payload =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  for (;;) {
    const start = performance.now();
    const response = await fetch(new URL(path, address), { method, ...payload });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    times.get(name)!.push(performance.now() - start);
    await pause(everyMs);
  }
}

process.on('message', () => {
  process.send!(Object.fromEntries(times));
  for (const all of times.values()) all.length = 0;
});
for (const probe of probes) {
  ask(probe).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
}
