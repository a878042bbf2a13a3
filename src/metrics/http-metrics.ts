import { Counter, Histogram, type Registry } from 'prom-client';
import type { ErrorCode } from '../errors.ts';

export interface AnsweredRequest {
  readonly method: string;
  /** Template of the route, such as `/v1/generations/:id`; undefined where there is none. */
  readonly route: string | undefined;
  readonly status: number;
  readonly seconds: number;
}

export interface HttpMetrics {
  answered(request: AnsweredRequest): void;
  /** A request was answered with a problem. */
  refused(code: ErrorCode): void;
}

export function httpMetrics(registers: Registry[]): HttpMetrics {
  const requests = new Histogram({
    name: 'armature_http_request_seconds',
    help: 'Time from a request to the end of its answer. Waits (Prefer: wait) and event streams are in it.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers,
  });
  const problems = new Counter({
    name: 'armature_http_problems_total',
    help: 'Requests that were answered with a problem, by its code.',
    labelNames: ['code'],
    registers,
  });
  return {
    answered: ({ method, route = 'none', status, seconds }) => requests.observe({ method, route, status }, seconds),
    refused: (code) => problems.inc({ code }),
  };
}
