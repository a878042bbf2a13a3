import { createHash } from 'node:crypto';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readRegularText } from '../files/regular-file.ts';
import type { Finding } from './inspect.ts';

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
    const text = await readRegularText(file, mostBytes);
    const end = text.indexOf('\n');
    const body = text.slice(end + 1);
    if (text.slice(0, end) !== firstLine(build, body)) return new Map();
    return new Map(JSON.parse(body) as readonly (readonly [string, KeptFinding])[]);
  } catch {
    return new Map();
  }
}

/**
 * Keeps findings for the next process, whole or not at all. False where that is not possible (no such folder, read-only, no
 * room): they are looked for again then, which costs time and nothing else.
 */
export async function writeFindings(file: string, build: string, findings: KeptFindings): Promise<boolean> {
  const lasting = [...findings].filter(([, { finding }]) => finding.passing !== true);
  const body = JSON.stringify(lasting);
  const draft = `${file}.${process.pid}.tmp`;
  try {
    if (!(await stat(dirname(file))).isDirectory()) return false;
    await rm(draft, { force: true });
    await writeFile(draft, `${firstLine(build, body)}\n${body}`, { flag: 'wx' });
    await rename(draft, file);
    return true;
  } catch {
    await rm(draft, { force: true }).catch(() => undefined);
    return false;
  }
}

/** Tells a file of this build from others, and a whole one from a damaged one. */
function firstLine(build: string, body: string): string {
  return `armature findings ${build} ${createHash('sha256').update(body).digest('hex')}`;
}
