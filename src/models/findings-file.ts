import { createHash } from 'node:crypto';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { readRegularBytes } from '../files/regular-file.ts';
import type { Finding } from './finding.ts';

/** What was found about a candidate, with the signature that the candidate had. */
export interface KeptFinding {
  readonly signature: string;
  readonly finding: Finding;
}

export type KeptFindings = ReadonlyMap<string, KeptFinding>;

const mostBytes = 64 * 2 ** 20;

/**
 * Findings by path that an earlier process has kept. Empty where there are none, where the file is damaged, or where it is by
 * another build (`build` differs), which may find other things: then all is looked into anew.
 */
export async function readFindings(file: string, build: string): Promise<KeptFindings> {
  try {
    const bytes = await readRegularBytes(file, mostBytes);
    const end = bytes.indexOf('\n');
    const body = bytes.subarray(end + 1);
    if (bytes.toString('utf8', 0, end) !== firstLine(build, body)) return new Map();
    return deserialize(body) as KeptFindings;
  } catch {
    return new Map();
  }
}

/**
 * Keeps findings for the next process, whole or not at all. False where that is not possible (no such folder, read-only, no
 * room): they are looked for again then, which costs time and nothing else.
 */
export async function writeFindings(file: string, build: string, findings: KeptFindings): Promise<boolean> {
  const lasting = new Map([...findings].filter(([, { finding }]) => finding.passing !== true));
  // Not JSON: schedules hold infinite numbers.
  const body = serialize(lasting);
  const draft = `${file}.${process.pid}.tmp`;
  try {
    if (!(await stat(dirname(file))).isDirectory()) return false;
    await rm(draft, { force: true });
    await writeFile(draft, Buffer.concat([Buffer.from(`${firstLine(build, body)}\n`), body]), { flag: 'wx' });
    await rename(draft, file);
    return true;
  } catch {
    await rm(draft, { force: true }).catch(() => undefined);
    return false;
  }
}

/** Tells a file of this build from others, and a whole one from a damaged one. */
function firstLine(build: string, body: Uint8Array): string {
  return `armature findings ${build} ${createHash('sha256').update(body).digest('hex')}`;
}
