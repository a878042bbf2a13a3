/** One axis of a batch that was written as a matrix: a field of the request, and the values that it takes. */
export interface BatchAxis {
  /** Path of the field, such as `controls[0].scale`. */
  readonly path: string;
  /** What each value is called where it labels a picture. */
  readonly labels: readonly string[];
}

/** Which item of which batch a job is. */
export interface BatchPlace {
  readonly id: string;
  readonly index: number;
}
