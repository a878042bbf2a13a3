import { setTimeout as pause } from 'node:timers/promises';
import type { Probe, ProbeAnswer } from './probe.ts';

/** A process of its own that asks a server again and again, each question by itself, until it is told to report. */
const [address, questions] = process.argv.slice(2) as [string, string];
const probes = JSON.parse(questions) as readonly Probe[];
const answers = new Map<string, ProbeAnswer[]>(probes.map(({ name }) => [name, []]));

async function statusOf({ method, path, body }: Probe): Promise<number> {
  const payload =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  try {
    const response = await fetch(new URL(path, address), { method, ...payload });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

async function askAgainAndAgain(probe: Probe): Promise<void> {
  for (;;) {
    const start = performance.now();
    const status = await statusOf(probe);
    answers.get(probe.name)!.push({ status, ms: performance.now() - start });
    await pause(probe.everyMs);
  }
}

process.on('message', () => {
  process.send!(Object.fromEntries(answers));
  for (const all of answers.values()) all.length = 0;
});
process.on('disconnect', () => process.exit());
for (const probe of probes) void askAgainAndAgain(probe);
