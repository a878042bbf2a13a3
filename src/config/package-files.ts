import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json: above `src`, above `dist`, and above what the benchmarks are compiled to. */
export const packageRoot = findPackageRoot();

/** The package's own models. */
export const embeddedModels = join(packageRoot, 'models');

/** CLIP's own vocabulary, for checkpoints that bring none. */
export const embeddedTokenizer = join(embeddedModels, 'clip-tokenizer');

/** Public models that `armature models pull` knows by an id. */
export const modelCatalog = join(embeddedModels, 'catalog.json');

/** The annotator networks that come with the package. */
export const embeddedAnnotators = join(embeddedModels, 'annotators');

function findPackageRoot(): string {
  let folder = fileURLToPath(new URL('../..', import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
