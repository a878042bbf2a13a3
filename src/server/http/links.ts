import { type Lane, laneOf } from '../../generation/lanes.ts';
import type { ShownFile } from '../../generation/training-look.ts';

/** Addresses of resources, as answers give them: under the public URL where one is set, else paths of this server. */
export interface Links {
  job(id: string): string;
  /** The job's page, for people. */
  page(id: string): string;
  events(id: string): string;
  output(id: string, index: number): string;
  map(id: string, index: number): string;
  /** A file that a training made. */
  file(id: string, index: number): string;
  /** A picture of what a training showed after a step. */
  look(id: string, step: number, index: number, file: ShownFile): string;
  upload(id: string): string;
  /** The picture that shows what a model draws. */
  preview(id: string): string;
  batch(id: string): string;
}

/** Below which path jobs are read, by their lane. */
export const jobRoutes: Readonly<Record<Lane, string>> = { pictures: '/v1/generations', long: '/v1/trainings' };

export function links(publicUrl: string | null): Links {
  const base = publicUrl ?? '';
  const job = (id: string): string => `${base}${jobRoutes[laneOf(id)]}/${id}`;
  return {
    job,
    page: (id) => `${base}/jobs/${id}`,
    events: (id) => `${job(id)}/events`,
    output: (id, index) => `${job(id)}/outputs/${index}`,
    map: (id, index) => `${job(id)}/maps/${index}`,
    file: (id, index) => `${job(id)}/files/${index}`,
    look: (id, step, index, file) => `${job(id)}/validations/${step}/${index}/${file}`,
    batch: (id) => `${base}/v1/batches/${id}`,
    preview: (id) => `${base}/v1/models/${id}/preview`,
    upload: (id) => `${base}/v1/uploads/${id}`,
  };
}
