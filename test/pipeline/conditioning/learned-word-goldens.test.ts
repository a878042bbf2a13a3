import { afterAll, describe, expect, test } from 'vitest';
import { textNetwork } from '../../../src/device/text-network.ts';
import { chunksOf } from '../../../src/pipeline/conditioning/chunks.ts';
import { emphasise } from '../../../src/pipeline/conditioning/emphasise.ts';
import type { LearnedWord } from '../../../src/pipeline/conditioning/learned-word.ts';
import { textEncoder } from '../../../src/pipeline/conditioning/prompt-encoder.ts';
import { loadTokenizer } from '../../../src/pipeline/tokenizer/load-tokenizer.ts';
import { parseEmphasis } from '../../../src/prompt/emphasis.ts';
import { SessionPool } from '../../../src/runtime/index.ts';
import { openBaseCheckpoint } from '../../../src/weights/checkpoint.ts';
import { embeddingFacts, isEmbedding, readVectors } from '../../../src/weights/embeddings/embedding-file.ts';
import { openSafetensors } from '../../../src/weights/safetensors/safetensors.ts';
import { describeGolden } from '../../support/describe-golden.ts';
import { floats, goldenArrays, goldenJson, goldenPath, maxAbsDifference } from '../../support/golden.ts';

interface File {
  readonly file: string;
  readonly name: string;
  readonly layout: string;
  readonly vectors: number;
  readonly for: string;
  readonly keys: Readonly<Record<string, readonly number[]>>;
}

interface Chunk {
  readonly ids: readonly number[];
  readonly weights: readonly number[];
  /** Of all text encoders. */
  readonly inject: readonly (readonly [chunk: number, position: number, name: string, index: number])[];
}

interface Case {
  readonly case: number;
  readonly prompt: string;
  readonly chunks: readonly Chunk[];
  /** Of a second text encoder, which pads otherwise. */
  readonly chunks_2?: readonly Pick<Chunk, 'ids'>[];
}

const golden = ['adapters', 'textual_inversion'] as const;
describeGolden(['adapters', 'textual_inversion'], async () => {
  const {
    files,
    cases,
    cases_sdxl: casesOfSdxl,
  } = goldenJson<{
    readonly files: readonly File[];
    readonly cases: readonly Case[];
    readonly cases_sdxl: readonly Case[];
  }>(...golden, 'cases.json');
  const arrays = goldenArrays(...golden, 'golden.safetensors');
  const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 30);
  afterAll(async () => await pool.release());

  describe.each(files)('$file', ({ file, name, layout, vectors, keys }) => {
    test('is read as a learned word', async () => {
      const opened = await openSafetensors(goldenPath(...golden, file));
      expect(isEmbedding(opened)).toBe(true);
      const facts = embeddingFacts(opened);
      const widths = ['clip_l', 'clip_g'].flatMap((key) => keys[key]?.at(-1) ?? []);
      expect(facts.vectors).toBe(vectors);
      expect(facts.widths).toEqual(widths.length > 0 ? widths : [Object.values(keys)[0]?.at(-1)]);
      expect(facts.token).toBe(layout === 'learned_embeds' ? name : null);
    });
  });

  /** The words for a model, as one of its text encoders knows them. */
  async function wordsFor(model: string, encoder: number): Promise<readonly LearnedWord[]> {
    return await Promise.all(
      files
        .filter((one) => one.for === model)
        .map(async ({ file, name }) => {
          const opened = await openSafetensors(goldenPath(...golden, file));
          const vectors = await readVectors(opened, embeddingFacts(opened).tensors);
          return { name, key: name, vectors: vectors[encoder] ?? [] };
        }),
    );
  }

  const [firstModel = ''] = files.filter(({ keys }) => keys['clip_g'] === undefined).map((one) => one.for);
  const [secondModel = ''] = files.filter(({ keys }) => keys['clip_g'] !== undefined).map((one) => one.for);

  for (const [model, folder, prompts] of [
    [firstModel, 'sd15', cases],
    [secondModel, 'sdxl', casesOfSdxl],
  ] as const) {
    const { textEncoders } = await openBaseCheckpoint(goldenPath('models', model));
    for (const [index, part] of textEncoders.entries()) {
      const tokenizer = await loadTokenizer(part.tokenizer.folder ?? '');
      const encoder = textEncoder(part.name, textNetwork(pool, model, part), tokenizer);
      const words = await wordsFor(model, index);
      const suffix = folder === 'sd15' ? '' : String(index + 1);
      const weighed = folder === 'sd15' ? 'a1111' : `a1111_${index + 1}`;

      describe.each(prompts)(`$prompt of ${folder}, ${part.name}`, (one) => {
        const chunks = chunksOf(parseEmphasis(one.prompt), tokenizer, { words });
        const expected = one.chunks;
        const ids = (index === 1 ? one.chunks_2 : one.chunks)?.map((chunk) => chunk.ids);

        test('has the chunks of the reference', () => {
          expect(chunks.map((chunk) => [...chunk.ids])).toEqual(ids);
          chunks.forEach(({ weights, learned }, place) => {
            expect(maxAbsDifference(weights, expected[place]?.weights ?? [])).toBeLessThanOrEqual(1e-9);
            const inject = expected[place]?.inject.map(([chunk, position, name, at]) => [
              chunk,
              position,
              `${name}#${at}`,
            ]);
            expect(learned.map(({ position, key }) => [place, position, key])).toEqual(inject);
          });
        });

        test('means what it means there', async () => {
          const encoded = await Promise.all(
            chunks.map(async (chunk) => await encoder.encode(chunk.ids, 0, chunk.learned)),
          );
          const features = encoded.map(({ context }) => context!);
          const joined = (parts: readonly { readonly data: Float32Array }[]): readonly number[] =>
            parts.flatMap(({ data }) => [...data]);
          const reference = (name: string): Float32Array => floats(arrays, `${folder}/${one.case}/${name}`);
          expect(maxAbsDifference(joined(features), reference(`z${suffix}`))).toBeLessThanOrEqual(2e-5);
          if (index === 1) {
            const pooled = encoded[0]?.['text_embeds']?.data ?? [];
            expect(maxAbsDifference(pooled, reference('pooled'))).toBeLessThanOrEqual(2e-5);
          }
          if (!arrays.has(`${folder}/${one.case}/${weighed}`)) {
            expect(chunks.every(({ weights }) => weights.every((weight) => weight === 1))).toBe(true);
            return;
          }
          const emphasised = features.map((chunk, place) => emphasise(chunk, chunks[place]?.weights ?? []));
          expect(maxAbsDifference(joined(emphasised), reference(weighed))).toBeLessThanOrEqual(1e-4);
        });
      });
    }
  }
});
