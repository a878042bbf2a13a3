/**
/**
 * Progress comes several times a second and job; `end` is the change into a final state, or the deletion of a job; `webhook`
 * says that the job's end came into the outbox; everything else is `state`, a requested cancel among it.
 */
export const changeKinds = ['state', 'progress', 'end', 'webhook'] as const;

export type ChangeKind = (typeof changeKinds)[number];

/** The channel on which every change of a job is announced; the payload is the job's id and the kind of change. */
export const jobChannel = 'armature_jobs';
