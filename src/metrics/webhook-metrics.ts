import { Counter, type Registry } from 'prom-client';

/** What this process sent to receivers. */
export interface WebhookMetrics {
  /** An attempt was `accepted`, `declined` (410) or has `failed`. */
  attemptEnded(outcome: 'accepted' | 'declined' | 'failed'): void;
}

export function webhookMetrics(registers: Registry[]): WebhookMetrics {
  const attempts = new Counter({
    name: 'armature_webhook_attempts_total',
    help: 'Attempts to deliver events that ended, by what became of them.',
    labelNames: ['outcome'],
    registers,
  });
  return { attemptEnded: (outcome) => attempts.inc({ outcome }) };
}
