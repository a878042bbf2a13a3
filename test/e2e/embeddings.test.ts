import { readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSafetensors, readTensor } from '../../src/weights/safetensors/safetensors.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { armature } from '../cli/armature.ts';
import { fileOf, pictureOf as drawnPicture } from '../support/draw-by-service.ts';
import { maxAbsDifference, smallModelPath } from '../support/golden.ts';
import type { Service } from '../support/service.ts';
import { SmallServices } from '../support/small-services.ts';
import { float32Tensor, type WrittenTensor, writeSafetensors } from '../weights/write-safetensors.ts';

let small: SmallServices;
let models: string;
let service: Service;
const golden = (file: string): string => smallModelPath('adapters', 'textual_inversion', file);
const file = (name: string): string => join(models, 'embeddings', name);

beforeAll(async () => {
  small = await SmallServices.inNewFolder();
  ({ models } = small);
  for (const base of ['sd15-tiny', 'sdxl-tiny']) {
    await cp(smallModelPath('models', base), join(models, base), { recursive: true });
  }
  for (const name of ['learned_embeds', 'nightmood', 'flat', 'learned_embeds-3', 'xlstyle', 'xl-one']) {
    await cp(golden(`${name}.safetensors`), file(`${name}.safetensors`));
  }
  writeFileSync(file('oldmood.pt'), 'a pickle');
  writeSafetensors(file('toomany.safetensors'), { emb_params: float32Tensor([76, 24], new Float32Array(76 * 24)) });
  writeSafetensors(file('half.safetensors'), { clip_l: float32Tensor([1, 16], new Float32Array(16)) });
  // Two of one name.
  for (const name of ['one', 'two']) {
    const values = new Float32Array(24).fill(name.length / 10);
    writeSafetensors(file(`${name}.safetensors`), { '<shared>': float32Tensor([1, 24], values) });
  }
  await mkdir(join(models, 'loras'), { recursive: true });
  await taught('flatword', 'flat.safetensors', 'flatword');
  await withWord('nightlora', 'nightmood.safetensors', 'emb_params', 'moonword');
  service = await small.start();
});
afterAll(async () => await small.remove());

async function allOf(path: string): Promise<Record<string, WrittenTensor>> {
  const opened = await openSafetensors(path);
  const tensors = await Promise.all(
    [...opened.tensors].map(
      async ([name, { shape }]) => [name, float32Tensor(shape, await readTensor(opened, name))] as const,
    ),
  );
  return Object.fromEntries(tensors);
}

/** A base model whose own token for a character has a word's vector: what a prompt with that character means, one with the word has to mean. */
async function taught(word: string, from: string, tensor: string): Promise<void> {
  const folder = join(models, `taught-${word}`);
  await cp(smallModelPath('models', 'sd15-tiny'), folder, { recursive: true });
  const path = join(folder, 'text_encoder', 'model.safetensors');
  const tensors = await allOf(path);
  const table = tensors['text_model.embeddings.token_embedding.weight']!;
  const vocabulary = JSON.parse(readFileSync(join(folder, 'tokenizer', 'vocab.json'), 'utf8')) as Record<
    string,
    number
  >;
  const vector = await readTensor(await openSafetensors(golden(from)), tensor);
  const values = new Float32Array(
    table.bytes.buffer.slice(table.bytes.byteOffset, table.bytes.byteOffset + table.bytes.byteLength),
  );
  values.set(vector, vocabulary['q</w>']! * vector.length);
  tensors['text_model.embeddings.token_embedding.weight'] = float32Tensor(table.shape, values);
  writeSafetensors(path, tensors);
}

/** A LoRA that brings a word. */
async function withWord(id: string, from: string, tensor: string, word: string): Promise<void> {
  const lora = await allOf(smallModelPath('adapters', 'lora', 'names-kohya.safetensors'));
  const source = await openSafetensors(golden(from));
  const { shape } = source.tensors.get(tensor)!;
  const vectors = float32Tensor(shape, await readTensor(source, tensor));
  writeSafetensors(join(models, 'loras', `${id}.safetensors`), {
    ...lora,
    [`bundle_emb.${word}.string_to_param.*`]: vectors,
  });
}

const request = (fields: object) => ({
  prompt: '',
  model: 'sd15-tiny',
  seed: 5,
  steps: 4,
  width: 64,
  height: 64,
  ...fields,
});

async function draw(fields: object): Promise<JobView> {
  return (await service.draw(request({ output: { metadata: false }, ...fields }))) as unknown as JobView;
}

const pictureOf = async (job: JobView) => (await drawnPicture(service, job)).data;

async function refusal(fields: object): Promise<object> {
  const response = await service.fetch('/v1/generations', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request(fields)),
  });
  return (await response.json()) as object;
}

describe('a learned word', () => {
  it('means what its vector means, in either syntax and the negative prompt', async () => {
    for (const fields of [
      { prompt: (word: string) => `a ${word} sky, (${word}:1.3)` },
      { prompt: (word: string) => `a ${word} sky`, prompt_syntax: 'plain' },
      { prompt: () => 'a sky', negative_prompt: (word: string) => word },
    ]) {
      const of = (word: string) =>
        Object.fromEntries(
          Object.entries(fields).map(([name, value]) => [name, typeof value === 'function' ? value(word) : value]),
        );
      const [own, reference, plain] = [
        await draw(of('FlatWord')),
        await draw({ ...of('q'), model: 'taught-flatword' }),
        await draw(of('q')),
      ];
      expect(maxAbsDifference(await pictureOf(own), await pictureOf(reference))).toBeLessThanOrEqual(1);
      expect(own.outputs[0]!.sha256).not.toBe(plain.outputs[0]!.sha256);
      expect(own.effective).toMatchObject({
        embeddings: [
          { name: 'flatword', model: { id: 'flat', hash: expect.stringMatching(/^[0-9a-f]{16}$/) }, bundled: null },
        ],
      });
    }
  });

  it('may be written by the names and in the ways that programs have', async () => {
    const [bare, comfy, angled] = [
      await draw({ prompt: 'a nightmood sky' }),
      await draw({ prompt: 'a embedding:nightmood sky' }),
      await draw({ prompt: 'a <nightmood> sky' }),
    ];
    for (const job of [comfy, angled]) expect(job.outputs[0]!.sha256).toBe(bare.outputs[0]!.sha256);
    expect(comfy.warnings).toEqual([]);
    expect((await draw({ prompt: 'a embedding:nobody sky' })).warnings).toContainEqual(
      expect.stringMatching(/read as text/),
    );
    expect(bare.effective).toMatchObject({ embeddings: [{ name: 'nightmood' }] });
    expect((await draw({ prompt: 'a night sky, nightmoods' })).effective).toMatchObject({ embeddings: [] });
    const [token, stem] = [await draw({ prompt: '<gold-cat>' }), await draw({ prompt: 'learned_embeds' })];
    expect(token.outputs[0]!.sha256).toBe(stem.outputs[0]!.sha256);
    const written = await service.draw(request({ prompt: 'nightmood' }));
    const text = Buffer.from(await fileOf(service, written as unknown as JobView)).toString('latin1');
    expect(text).toMatch(/TI hashes: "nightmood: [0-9a-f]{16}"/);
  });

  it('of SDXL teaches both text encoders', async () => {
    const [word, without] = [
      await draw({ model: 'sdxl-tiny', prompt: 'a xlstyle castle' }),
      await draw({ model: 'sdxl-tiny', prompt: 'a castle' }),
    ];
    expect(word.effective).toMatchObject({ embeddings: [{ name: 'xlstyle' }] });
    expect(word.outputs[0]!.sha256).not.toBe(without.outputs[0]!.sha256);
    const second = await draw({ model: 'sdxl-tiny', prompt: 'a castle', prompt_2: 'a <xl-one> castle' });
    expect(second.effective).toMatchObject({ embeddings: [{ name: '<xl-one>' }] });
  });

  it('that a LoRA brings is there with it, and not without it or where it does not act', async () => {
    const lora = { loras: [{ model: 'nightlora', scale: 0, text_encoder_scale: 0.0001 }] };
    const [brought, own] = [
      await draw({ ...lora, prompt: 'a moonword sky' }),
      await draw({ ...lora, prompt: 'a nightmood sky' }),
    ];
    expect(brought.outputs[0]!.sha256).toBe(own.outputs[0]!.sha256);
    expect(brought.effective).toMatchObject({
      embeddings: [{ name: 'moonword', model: { id: 'nightlora' }, bundled: 'moonword' }],
    });
    expect((await draw({ prompt: 'a moonword sky' })).effective).toMatchObject({ embeddings: [] });
    const off = await draw({ loras: [{ model: 'nightlora', scale: 0 }], prompt: 'a moonword sky' });
    expect(off.effective).toMatchObject({ embeddings: [] });
  });

  it('is drawn beside others as it is alone', async () => {
    const requests = ['a nightmood sky', 'a flatword sky', 'a sky', '[nightmood|<three-d>] and flatword'].map(
      (prompt, seed) => ({
        prompt,
        seed,
        steps: 16,
      }),
    );
    const alone: JobView[] = [];
    for (const one of requests) alone.push(await draw(one));
    const together = await Promise.all(requests.map(draw));
    for (const [index, job] of together.entries()) {
      expect(maxAbsDifference(await pictureOf(job), await pictureOf(alone[index]!))).toBeLessThanOrEqual(1);
    }
  });

  it('is refused where it does not fit, where several have its name, and where its file is none', async () => {
    expect(await refusal({ model: 'sdxl-tiny', prompt: 'a nightmood sky' })).toMatchObject({
      code: 'incompatible_embedding',
      field: 'prompt',
      detail: expect.stringMatching(
        /nightmood \(vectors of width 24\) does not fit.*sdxl-tiny.*16 and 24.*It fits .*sd15-tiny/,
      ),
      choices: ['xl-one', 'xlstyle'],
    });
    expect(await refusal({ negative_prompt: 'xlstyle' })).toMatchObject({
      code: 'incompatible_embedding',
      field: 'negative_prompt',
    });
    expect(await refusal({ model: 'sdxl-tiny', prompt: 'half' })).toMatchObject({ code: 'incompatible_embedding' });
    expect(await refusal({ prompt: 'a <shared> sky' })).toMatchObject({
      code: 'unknown_model',
      choices: ['one', 'two'],
    });
    const list = (await (await service.fetch('/v1/models')).json()) as {
      readonly embeddings: readonly { readonly id: string }[];
      readonly rejected: readonly { readonly id: string; readonly detail: string }[];
    };
    const reasons = Object.fromEntries(list.rejected.map(({ id, detail }) => [id, detail]));
    expect(reasons['oldmood']).toMatch(/oldmood\.pt is a pickle/);
    expect(reasons['toomany']).toMatch(/76 vectors.*room for 75/);
    expect(list.embeddings.find(({ id }) => id === 'learned_embeds-3')).toMatchObject({
      family: 'other',
      vectors: 3,
      widths: [24],
      names: ['<three-d>', 'learned_embeds-3'],
    });
  });

  it('is drawn on the command line as over HTTP, and shown there', async () => {
    const out = join(models, 'word.png');
    const args = ['--models', models, '--data', join(models, 'data')];
    const size = ['--width', '64', '--height', '64', '--steps', '4', '--seed', '5', '--model', 'sd15-tiny'];
    const drawn = await armature(['generate', 'a nightmood sky', ...size, '--output', out, ...args]);
    expect(drawn.code, drawn.stderr).toBe(0);
    const shown = await armature(['models', 'show', 'nightmood', ...args]);
    expect(shown.stdout).toMatch(/vectors\s+3/);
  });

  it('is drawn with what the request was accepted with, or not at all', async () => {
    const first = await small.start();
    const { id } = await first.submit(request({ prompt: 'a one sky', steps: 150, seed: 1 }));
    await first.stop('SIGKILL');
    writeSafetensors(file('one.safetensors'), { '<shared>': float32Tensor([1, 24], new Float32Array(24).fill(0.9)) });
    const second = await small.start(first.data);
    const job = await second.finished(await second.job(id));
    expect(job).toMatchObject({
      status: 'failed',
      error: { code: 'model_invalid', detail: expect.stringMatching(/replaced/) },
    });
  });
});
