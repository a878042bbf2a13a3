/**
 * What a key may do: `generate` submits, uploads, cancels and deletes; `read` sees jobs, pictures, models and conditions;
 * `train` trains models, which takes hours, and deletes what it made; `admin` manages keys and looks after the whole service. None includes another.
 */
export const scopes = ['generate', 'read', 'train', 'admin'] as const;

export type Scope = (typeof scopes)[number];
