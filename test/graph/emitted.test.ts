import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { emittedModels } from './emitted/cases.ts';
import { computation } from './emitted/computation.ts';
import { type Emitted, readModel } from './emitted/read-model.ts';

const fixtures = fileURLToPath(new URL('./emitted', import.meta.url));
/** Those of this repository, whatever set the other tests are told to take: the offsets of weights are of these files. */
const models = await emittedModels(fileURLToPath(new URL('../golden', import.meta.url)));

function fixture(model: string): Readonly<Record<string, Emitted>> {
  return JSON.parse(gunzipSync(readFileSync(join(fixtures, `${model}.json.gz`))).toString()) as Record<string, Emitted>;
}

test('every model whose nodes are written down is compared', () => {
  const written = readdirSync(fixtures).filter((file) => file.endsWith('.json.gz'));
  expect(
    Object.keys(models)
      .map((model) => `${model}.json.gz`)
      .toSorted(),
  ).toEqual(written.toSorted());
});

/** `npm run bench -- emitted-nodes` writes them anew; a difference is meant, measured and in docs/decisions, or a fault. */
describe.each(Object.entries(models))('%s is emitted as it was:', (model, networks) => {
  const expected = fixture(model);

  test('all its networks', () => {
    expect(Object.keys(networks)).toEqual(Object.keys(expected));
  });

  test.each(Object.entries(networks))('%s', (name, build) => {
    const emitted = readModel(build().bytes);
    const { nodes, ...ports } = computation(emitted);
    const { nodes: written, ...writtenPorts } = computation(expected[name] as Emitted);
    // The first node that differs says more than a thousand that follow from it.
    const first = nodes.findIndex((node, index) => JSON.stringify(node) !== JSON.stringify(written[index]));
    expect(nodes[first], `node ${first}`).toEqual(written[first]);
    expect(nodes.length).toBe(written.length);
    expect(ports).toEqual(writtenPorts);
    expect(emitted.tensors.length).toBe(expected[name]?.tensors.length);
  });
});
