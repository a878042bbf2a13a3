import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { ArmatureError } from '../errors.ts';
import type { OutputFormat } from '../generation/plan.ts';

const formats: Readonly<Record<string, OutputFormat>> = {
  '.png': 'png',
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.webp': 'webp',
};

/** The format that a file's extension asks for. */
export function formatOf(file: string): OutputFormat {
  const format = formats[extname(file).toLowerCase()];
  if (format !== undefined) return format;
  const choices = Object.keys(formats);
  const detail = `Expected an output file that ends with ${choices.join(', ')} but received "${file}".`;
  throw new ArmatureError('invalid_request', detail, { field: 'output', choices });
}

/** `out.png` for one picture; `out-1.png`, `out-2.png` ... for several. */
export function outputNames(file: string, count: number): readonly string[] {
  if (count === 1) return [file];
  return Array.from({ length: count }, (_, index) => beside(file, `-${index + 1}`));
}

/** A file of the same folder and extension: `out.png` and `-map` give `out-map.png`. */
export function beside(file: string, suffix: string): string {
  const extension = extname(file);
  return `${file.slice(0, file.length - extension.length)}${suffix}${extension}`;
}

/** Writes a file whole or not at all, in place of one that is there. Folders are made. */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const draft = `${file}.${process.pid}.part`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(draft, bytes);
    await rename(draft, file);
  } catch (cause) {
    await rm(draft, { force: true });
    throw notWritten(file, cause);
  }
}

/** The error for a file or folder that could not be written. */
export function notWritten(path: string, cause: unknown): ArmatureError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new ArmatureError(full ? 'storage_full' : 'invalid_request', `${path} cannot be written (${code}).`, {
    cause,
  });
}
