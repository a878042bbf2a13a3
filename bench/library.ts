/** Time and processor time of a library of many files: the first scan, that of the next process, a listing, an answer. Flags: --files 500 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { conditionIds } from '../src/conditions/registry.ts';
import { Inspector } from '../src/models/inspector.ts';
import { openLibrary } from '../src/models/library.ts';
import { modelListView } from '../src/models/model-list-view.ts';
import { makeModels } from '../test/models/many/many-models.ts';

const { values } = parseArgs({ options: { files: { type: 'string', default: '500' } } });

async function measured<Result>(name: string, work: () => Promise<Result> | Result): Promise<Result> {
  const [began, before] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  const [wall, processor] = [performance.now() - began, (user + system) / 1000].map((ms) => ms.toFixed(1));
  console.log(`${name.padEnd(40)} ${wall} ms, of which this process computed ${processor} ms`);
  return result;
}

const root = await mkdtemp(join(tmpdir(), 'armature-library-'));
try {
  const folder = join(root, 'models');
  makeModels(folder, Math.round(Number(values.files) / 10));
  const inspector = new Inspector({ idleMs: 0 });
  const open = async () =>
    await openLibrary([folder], {
      conditions: conditionIds,
      findingsFile: join(root, 'found-models'),
      inspect: async (...asked) => await inspector.inspect(...asked),
    });
  await measured('first scan', open);
  const library = await measured('scan of the next process', open);
  const models = await measured('listing again', async () => await library.list());
  for (let time = 0; time < 3; time++) {
    await measured('the answer of GET /v1/models', () => JSON.stringify(modelListView(models, [], '')).length);
  }
} finally {
  await rm(root, { recursive: true });
}
