import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders whose code decides what is found about a model. */
const deciding = ['models', 'weights', 'graph', 'schedulers', 'pipeline', 'generation', 'numeric', 'files', 'json'];

/**
 * Changes whenever the code that looks into models does: names, sizes and times of its files. What another build has found
 * does not count.
 */
export async function buildStamp(root = fileURLToPath(new URL('..', import.meta.url))): Promise<string> {
  const files = await Promise.all(
    deciding.map(async (folder) => {
      const entries = await readdir(join(root, folder), { withFileTypes: true, recursive: true });
      const code = entries.filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name));
      return await Promise.all(code.map(async ({ parentPath, name }) => await stampOf(join(parentPath, name))));
    }),
  );
  return createHash('sha256').update(files.flat().toSorted().join('\n')).digest('hex');
}

async function stampOf(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  return `${path} ${size} ${mtimeMs}`;
}
