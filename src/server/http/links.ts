/** Addresses of resources, as answers give them: under the public URL where one is set, else paths of this server. */
export interface Links {
  job(id: string): string;
  /** The job's page, for people. */
  page(id: string): string;
  events(id: string): string;
  output(id: string, index: number): string;
  map(id: string, index: number): string;
  upload(id: string): string;
  /** The picture that shows what a model draws. */
  preview(id: string): string;
  batch(id: string): string;
}

export function links(publicUrl: string | null): Links {
  const base = publicUrl ?? '';
  const job = (id: string): string => `${base}/v1/generations/${id}`;
  return {
    job,
    page: (id) => `${base}/jobs/${id}`,
    events: (id) => `${job(id)}/events`,
    output: (id, index) => `${job(id)}/outputs/${index}`,
    map: (id, index) => `${job(id)}/maps/${index}`,
    batch: (id) => `${base}/v1/batches/${id}`,
    preview: (id) => `${base}/v1/models/${id}/preview`,
    upload: (id) => `${base}/v1/uploads/${id}`,
  };
}
