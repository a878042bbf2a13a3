/** A model that a job made, as the store has it. */
export interface MadeModel {
  readonly id: string;
  readonly tenant: string;
  /** The job that made it, which may be gone by now. */
  readonly jobId: string;
  readonly kind: string;
  /** Of the maps of a ControlNet; null of what sees none. */
  readonly condition: string | null;
  readonly files: readonly StoredFile[];
}

/** A file in the store, of any size. */
export interface StoredFile {
  /** Its path below the folder that it belongs to, with slashes. */
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  /** The objects that it is made of, in order. */
  readonly parts: readonly StoredPart[];
}

export interface StoredPart {
  readonly key: string;
  readonly bytes: number;
}
