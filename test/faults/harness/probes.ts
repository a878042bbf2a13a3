import { setTimeout as pause } from 'node:timers/promises';
import type { Answer, Cluster } from './cluster.ts';
import { smallJob } from './cluster.ts';
import type { Report } from './report.ts';

/** What a client asks of the api while something behind it is away. */
const requests = {
  submit: ['POST', '/v1/generations', { ...smallJob, seed: 999 }],
  list: ['GET', '/v1/generations?limit=5', undefined],
  readyz: ['GET', '/readyz', undefined],
  livez: ['GET', '/livez', undefined],
} as const;

/** Asks all of it again and again for `seconds`. Returns the answers by what was asked. */
export async function probe(
  cluster: Cluster,
  id: string,
  seconds: number,
): Promise<Readonly<Record<string, readonly Answer[]>>> {
  const answers: Record<string, Answer[]> = {};
  const deadline = performance.now() + seconds * 1000;
  const all = { ...requests, read: ['GET', `/v1/generations/${id}`, undefined] } as const;
  while (performance.now() < deadline) {
    for (const [what, [method, path, body]] of Object.entries(all)) {
      (answers[what] ??= []).push(await cluster.call(method, path, body));
    }
    await pause(100);
  }
  return answers;
}

/** Ids of the jobs that were accepted among the answers. */
export function accepted(answers: readonly Answer[]): readonly string[] {
  return answers.flatMap(({ status, body }) => (status === 202 ? [(body as { id: string }).id] : []));
}

/** Slowest answer, the one status that all have, and that each refusal says when to come back. */
export function reportAnswers(
  report: Report,
  what: string,
  answers: readonly Answer[],
  { mostMs, status: expected }: { readonly mostMs: number; readonly status: number },
): void {
  const statuses = [...new Set(answers.map(({ status }) => status))].toSorted((a, b) => a - b);
  report.exactly(`${what}: statuses`, statuses.join(', '), String(expected));
  report.atMost(`${what}: slowest answer, ms`, Math.round(Math.max(...answers.map(({ ms }) => ms))), mostMs);
  const bare = answers.filter(({ status, retryAfter }) => status === 503 && retryAfter === null);
  report.exactly(`${what}: 503 without Retry-After`, bare.length, 0);
  report.exactly(`${what}: 500 or no answer`, answers.filter(({ status }) => status === 500 || status === 0).length, 0);
}
