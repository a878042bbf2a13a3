import { agingSeconds, priorities } from '../generation/request/priority.ts';
import type { BullQueue } from './engines.ts';

/** Tickets of which the age is looked at: more than any window lets into the queue. */
const mostLooked = 5_000;

/** BullMQ's priority, where 1 is best and the worst is a great number; its 0 would run before all others. */
export function bullPriority(priority: number): number {
  return priorities.max + 1 - priority;
}

/** Gives every waiting ticket the priority that it had when it was added, and a step more for each step of its age. */
export async function raiseAged(queue: Pick<BullQueue, 'getJobs'>, now: Date): Promise<void> {
  for (const job of await queue.getJobs(['prioritized'], 0, mostLooked)) {
    const steps = Math.floor((now.getTime() - job.timestamp) / (1000 * agingSeconds));
    const aged = Math.max(1, (job.opts.priority ?? 1) - steps);
    if (aged < job.priority) {
      // It may have been started or removed meanwhile.
      await job.changePriority({ priority: aged }).catch(() => {});
    }
  }
}
