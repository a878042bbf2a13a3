/** A model of the library, as a plan names it. */
export interface ModelReference {
  readonly id: string;
  /** Hash of the weights' headers and sizes: tells two models of one name apart. */
  readonly hash: string;
}

/** A picture that the service keeps: its object key and content hash. */
export interface StoredPicture {
  readonly key: string;
  readonly sha256: string;
}
