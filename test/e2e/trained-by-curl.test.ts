import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root, Service } from '../support/service.ts';
import { packZip } from '../training/data/pack.ts';
import { writePairs } from '../training/small-training.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';

const folder = temporaryFolder();
let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(async () => await service.stop());

/** The first lines for a shell below a heading of a document, against this service; `changes` make them shorter. */
function lines(document: string, heading: string, changes: Readonly<Record<string, string>>): string {
  const text = readFileSync(new URL(`docs/${document}`, root), 'utf8');
  const [, script = ''] = /```sh\n([^`]*)```/.exec(text.slice(text.indexOf(`\n${heading}\n`))) ?? [];
  let here = script.replaceAll('http://127.0.0.1:7860', service.address).replaceAll('curl ', 'curl --fail-with-body ');
  for (const [printed, shorter] of Object.entries(changes)) {
    expect(here).toContain(printed);
    here = here.replaceAll(printed, shorter);
  }
  return here;
}

const run = (script: string): string => execFileSync('bash', ['-euc', script], { cwd: folder }).toString();

interface Training {
  readonly id: string;
  readonly status: string;
  readonly error: object | null;
  readonly effective: { readonly name: string; readonly init: { readonly id: string } | null };
}

async function ended(id: string): Promise<Training> {
  for (;;) {
    const training = (await (await service.fetch(`/v1/trainings/${id}`)).json()) as Training;
    if (training.status !== 'queued' && training.status !== 'running') return training;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

it('a ControlNet is trained, and trained on, by the lines of the documents, and draws', async () => {
  const pairs = await writePairs(join(folder, 'pairs'));
  const files = readdirSync(pairs).map((name) => [name, readFileSync(join(pairs, name))] as const);
  await writeFile(join(folder, 'pairs.zip'), await packZip(Object.fromEntries(files)));
  const printed = lines('training.md', '## Over HTTP', { '\\"steps\\": 4000, \\"batch\\": 4': '\\"steps\\": 2' });
  const answer = run(printed).trim();
  // What is sent is answered first.
  const begun = JSON.parse(answer.slice(answer.lastIndexOf('{"id":"trn_'))) as Training;
  const first = await ended(begun.id);
  expect(first).toMatchObject({ status: 'succeeded', error: null, effective: { init: null } });
  const shorter = { 'trn_...': first.id, '"steps": 2000': '"steps": 1' };
  const next = JSON.parse(run(lines('api.md', '### POST /v1/trainings/{id}/continue', shorter))) as Training;
  const second = await ended(next.id);
  expect(second).toMatchObject({ status: 'succeeded', effective: { init: { id: first.effective.name } } });
  const picture = { data: readFileSync(join(pairs, 'map-0.png')).toString('base64') };
  const control = { type: 'canny', model: second.effective.name, image: picture, preprocess: false };
  const job = await service.submit({ prompt: 'a square', steps: 2, controls: [control] });
  expect((await service.finished(job)).status).toBe('succeeded');
}, 240_000);
