import {
  type Candidate,
  type ControlFidelity,
  isFinal,
  type Job,
  type JobOutput,
  type Progress,
} from '../../generation/job.ts';
import { controlsOf } from '../../generation/kinds/job-controls.ts';
import { kindOf } from '../../generation/kinds/kinds.ts';
import type { WebhookDelivery } from '../../records/webhooks/webhook-records.ts';
import type { Links } from '../http/links.ts';
import { receiverView } from './delivery-view.ts';
import type { JobView } from './job-schema.ts';

/** What is known of a job's turn. */
export interface Waiting {
  readonly queuePosition: number | null;
  readonly etaSeconds: number | null;
}

/** A job as clients see it: no object keys, no paths. `report` is what was found in the set of a training; left out of other jobs. */
export function jobView(
  job: Job,
  waiting: Waiting,
  links: Links,
  deliveries: readonly WebhookDelivery[] = [],
  report?: Readonly<Record<string, unknown>> | null,
): JobView {
  const { result, error } = job;
  const kind = kindOf(job.plan);
  const mapped = controlsOf(job).flatMap(({ index, map }) => (map === null ? [] : [{ index, map }]));
  return {
    id: job.id,
    kind: kind.id,
    status: job.status,
    url: links.job(job.id),
    events_url: links.events(job.id),
    page_url: links.page(job.id),
    progress: job.progress === null ? null : { ...job.progress, ...figuresView(job.progress) },
    priority: job.priority,
    batch: job.batch === null ? null : { ...job.batch },
    queue_position: waiting.queuePosition,
    eta_s: waiting.etaSeconds,
    outputs: (result?.outputs ?? []).map((output, index) => ({
      ...fileView(output, links.output(job.id, index)),
      seed: output.seed,
      variation: output.variation === undefined ? null : { ...output.variation },
      data: dataView(output),
      fidelity: output.fidelity === undefined ? null : fidelityView(output.fidelity),
      candidates: output.candidates?.map(candidateView) ?? null,
    })),
    maps: mapped.map(({ index, map }) => ({
      ...fileView(map, links.map(job.id, index)),
      control: index,
      data: dataView(map),
    })),
    effective: kind.view(job.plan, (control) =>
      mapped.some(({ index }) => index === control) ? links.map(job.id, control) : null,
    ),
    ...(report === undefined ? {} : { report: report === null ? null : { ...report } }),
    warnings: [...job.warnings, ...(result?.warnings ?? [])],
    error: error === null ? null : { ...error },
    metadata: job.metadata === null ? null : { ...job.metadata },
    webhook: job.webhook === null ? null : receiverView(job.webhook, deliveries, links),
    attempt: job.attempt,
    strikes: job.strikes,
    last_fault: job.lastFault === null ? null : { ...job.lastFault },
    checkpoint_step: isFinal(job.status) ? null : (job.checkpoint?.step ?? null),
    dead: job.dead,
    cancel_requested: job.cancelRequested,
    timings: timingsView(job),
    mean_batch: result?.meanBatch ?? null,
    created_at: job.createdAt.toISOString(),
    started_at: job.startedAt?.toISOString() ?? null,
    finished_at: job.finishedAt?.toISOString() ?? null,
  };
}

function figuresView({ training }: Progress): Pick<NonNullable<JobView['progress']>, 'training'> {
  if (training === undefined) return {};
  const { pictures } = training;
  return { training: { ...training, pictures: pictures === null ? null : { ...pictures } } };
}

function fileView({ width, height, contentType, bytes, sha256 }: JobOutput, url: string) {
  return { url, width, height, content_type: contentType, bytes, sha256 };
}

function dataView({ data }: JobOutput): Record<string, unknown> | null {
  return data === undefined ? null : { ...data };
}

function fidelityView(fidelity: readonly ControlFidelity[]) {
  return fidelity.map((figure) => ({ ...figure, details: { ...figure.details }, networks: [...figure.networks] }));
}

function candidateView({ seed, variation, score, fidelity }: Candidate) {
  return {
    seed,
    variation: variation === undefined ? null : { ...variation },
    score,
    fidelity: fidelityView(fidelity),
  };
}

function timingsView({ result }: Job): JobView['timings'] {
  if (result === null) return null;
  const { wait, prepare, draw, store, evaluate = null } = result.timings;
  return { wait_ms: wait, prepare_ms: prepare, draw_ms: draw, evaluate_ms: evaluate, store_ms: store };
}
