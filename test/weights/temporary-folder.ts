import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder, with a space and an accent in its name, that is there until the tests of the file are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'armature modèle '));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
