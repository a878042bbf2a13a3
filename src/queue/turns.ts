import { effectivePriority, wholePriority } from '../generation/request/priority.ts';
import type { ChooseTurns, TakenTurn, WaitingFlow, WaitingJob, WaitingTenant } from '../records/scheduling/turns.ts';

/** What a job is charged at least, in pixel steps: the smallest takes its time as well. */
const leastCost = 512 * 512;

/** A tenant in the middle of a pass. */
interface Contender {
  readonly tenant: string;
  readonly flows: readonly QueuedFlow[];
  dispatched: number;
  deficit: number;
}

/** A flow of which some jobs may have been taken. */
interface QueuedFlow extends WaitingFlow {
  readonly rest: WaitingJob[];
  dispatchedAt: number | null;
}

/** The turn that a contender would take next. */
interface Turn {
  readonly contender: Contender;
  readonly flow: QueuedFlow;
  readonly job: WaitingJob;
  readonly effective: number;
  /** What its tenant lacks to pay for it. */
  readonly missing: number;
}

/**
 * Takes turns until the windows are full or nobody waits. Among tenants by deficit round robin (Shreedhar and Varghese
 * 1995) with a quantum as small as it can be: whoever lacks the least to pay for its next job gets it, and all who wait
 * are given as much. Within a tenant the flow whose next job has the highest effective priority goes first. A job counts
 * its age from when it came or, if that is later, from the last turn of its flow: so a batch of ten thousand gets a turn
 * from time to time, and not all of its turns at once because it is old.
 */
export const takeTurns: ChooseTurns = ({ now, dispatched, tenants }, windows) => {
  const contenders = tenants.map(contend);
  const tickets: TakenTurn[] = [];
  const isOpen = (one: Contender): boolean => one.dispatched < windows.tenant && !isShownOut(one);
  while (dispatched + tickets.length < windows.total) {
    const turns = contenders.filter(isOpen).flatMap((contender) => nextTurn(contender, now) ?? []);
    const [first] = turns;
    if (first === undefined) break;
    const turn = turns.reduce((best, other) => (other.missing < best.missing ? other : best), first);
    for (const { contender } of turns) contender.deficit += turn.missing;
    tickets.push(take(turn, now));
  }
  return {
    tickets,
    deficits: new Map(contenders.map(({ tenant, deficit }) => [tenant, deficit])),
    more:
      dispatched + tickets.length < windows.total &&
      contenders.some((one) => one.dispatched < windows.tenant && isShownOut(one)),
  };
};

function contend({ tenant, dispatched, deficit, flows }: WaitingTenant): Contender {
  const queued = flows.map((flow) => ({ ...flow, rest: [...flow.jobs], dispatchedAt: flow.lastDispatch }));
  return { tenant, dispatched, deficit, flows: queued };
}

/** Whether what is known of a tenant is used up: who is next is then for the next pass to say. */
function isShownOut({ flows }: Contender): boolean {
  return flows.some(({ rest, more }) => more && rest.length === 0);
}

/** The turn of the flow whose next job has the highest effective priority; between equals of the one that came first. */
function nextTurn(contender: Contender, now: number): Turn | null {
  let best: Turn | null = null;
  for (const flow of contender.flows) {
    const job = flow.rest[0];
    if (job === undefined) continue;
    const effective = effectivePriority(job.priority, now - Math.max(job.createdAt, flow.dispatchedAt ?? 0));
    const behind = best === null ? 1 : effective - best.effective || best.job.createdAt - job.createdAt;
    if (behind > 0) best = { contender, flow, job, effective, missing: Math.max(0, price(job) - contender.deficit) };
  }
  return best;
}

function take({ contender, flow, job, effective }: Turn, now: number): TakenTurn {
  flow.rest.shift();
  flow.dispatchedAt = now;
  contender.dispatched += 1;
  contender.deficit -= price(job);
  return { tenant: contender.tenant, id: job.id, priority: wholePriority(effective), batch: flow.batch };
}

function price({ cost }: WaitingJob): number {
  return Math.max(cost, leastCost);
}
