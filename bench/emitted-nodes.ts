/**
 * Writes what the compiler emits today, as test/graph/emitted/*.json.gz, with which a test compares what it emits later.
 *
 * To be run only where a difference is meant: the difference and what it costs belong in docs/decisions.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packageRoot } from '../src/config/package-files.ts';
import { emittedModels } from '../test/graph/emitted/cases.ts';
import { readModel } from '../test/graph/emitted/read-model.ts';

const folder = join(packageRoot, 'test', 'graph', 'emitted');
for (const [model, networks] of Object.entries(await emittedModels(join(packageRoot, 'test', 'golden')))) {
  const emitted = Object.entries(networks).map(([name, build]) => [name, readModel(build().bytes)]);
  const bytes = gzipSync(JSON.stringify(Object.fromEntries(emitted)), { level: 9 });
  writeFileSync(join(folder, `${model}.json.gz`), bytes);
  console.log(`${model}: ${emitted.length} networks, ${bytes.length} bytes`);
}
