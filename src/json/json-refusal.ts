/** Why a text was refused: what is wrong, where (a path of names and indices), and at which byte. */
export interface JsonFault {
  readonly kind: 'syntax' | 'deep' | 'many' | 'number' | 'twice' | 'name';
  readonly path: readonly (string | number)[];
  readonly at: number;
  /** What stands there, as it is put into a message. */
  readonly found: string;
}

export class JsonRefusal extends Error {
  readonly fault: JsonFault;

  constructor(fault: JsonFault) {
    super(fault.kind);
    this.fault = fault;
  }
}
