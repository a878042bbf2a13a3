import { readFileSync } from 'node:fs';

/** The float32 values of a NumPy file, in its own order (which is row by row). */
export function npyFloats(path: string): Float32Array {
  const bytes = readFileSync(path);
  const headerLength = bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, 10 + headerLength);
  if (!header.includes("'<f4'") || !header.includes("'fortran_order': False")) {
    throw new Error(`Expected float32 values row by row in ${path} but its header is ${header}`);
  }
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + 10 + headerLength, bytes.byteOffset + bytes.length));
}
