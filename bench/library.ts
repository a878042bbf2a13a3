/** Time and processor time of a library of many files: the first scan, that of the next process, GET /v1/models. Flags: --files 500, --gets 20 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { conditionIds } from '../src/conditions/registry.ts';
import { Inspector } from '../src/models/inspector.ts';
import { openLibrary } from '../src/models/library.ts';
import { makeModels, makeSdxlModels } from '../test/models/many/many-models.ts';
import { root as repository, Service } from '../test/support/service.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '500' },
    sdxl: { type: 'boolean', default: false },
    gets: { type: 'string', default: '20' },
  },
});

/** Seconds that a process has computed, of a system that tells (Linux); 0 where there is none. */
function processorSeconds(pid: number | undefined): number {
  if (pid === undefined) return 0;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function measured<Result>(
  name: string,
  pids: () => readonly (number | undefined)[],
  work: () => Promise<Result>,
) {
  const computed = (): number => pids().reduce((sum: number, pid) => sum + processorSeconds(pid), 0);
  const [began, before] = [performance.now(), computed()];
  const result = await work();
  const [wall, processor] = [(performance.now() - began) / 1000, computed() - before];
  console.log(`${name.padEnd(44)} ${wall.toFixed(3)} s, processor time ${processor.toFixed(2)} s`);
  return result;
}

const root = await mkdtemp(join(tmpdir(), 'armature-library-'));
try {
  const folder = join(root, 'models');
  const files = Number(values.files);
  if (values.sdxl) makeSdxlModels(folder, Math.round(files / 4));
  else makeModels(folder, Math.round(files / 10));
  const inspector = new Inspector({ entry: new URL('dist/models/inspector-main.js', repository) });
  const open = async () =>
    await openLibrary([folder], {
      conditions: conditionIds,
      findingsFile: join(root, 'found-models'),
      inspect: async (...asked) => await inspector.inspect(...asked),
    });
  const pids = () => [process.pid, inspector.pid];
  const { rejected } = await (await measured('first scan', pids, open)).list();
  if (rejected.length > 0) throw new Error(`Rejected: ${JSON.stringify(rejected.slice(0, 3))}`);
  await measured('scan of the next process', pids, open);
  const service = await Service.start({ flags: ['--models', folder] });
  try {
    const gets = Number(values.gets);
    const get = async () => await (await service.fetch('/v1/models')).text();
    const answer = await get();
    await measured(
      `GET /v1/models, ${gets} times`,
      () => [service.pid],
      async () => {
        for (let time = 0; time < gets; time++) await get();
      },
    );
    console.log(`an answer has ${answer.length} characters`);
  } finally {
    await service.stop();
  }
} finally {
  await rm(root, { recursive: true });
}
