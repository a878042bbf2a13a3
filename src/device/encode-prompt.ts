import { ArmatureError } from '../errors.ts';
import type { PlannedPass } from '../generation/passes.ts';
import { sizeIds } from '../generation/picture-sizes.ts';
import { negativePromptOf, promptOf, secondPromptOf } from '../generation/prompts.ts';
import { besideEachOther, ofNoText, withGuidance, withSizeIds } from '../pipeline/conditioning/added.ts';
import { type Chunk, chunksOf, firstChunk } from '../pipeline/conditioning/chunks.ts';
import type { Conditioning } from '../pipeline/conditioning/conditioning.ts';
import { type EncodedChunk, joinChunks } from '../pipeline/conditioning/join-chunks.ts';
import type { PromptEncoder } from '../pipeline/conditioning/prompt-encoder.ts';
import type { TextRole } from '../generation/row-roles.ts';
import type { RowQuestion } from '../pipeline/row.ts';
import type { Tokenizer } from '../pipeline/tokenizer/tokenizer.ts';
import { promptLimits } from '../prompt/limits.ts';
import { type ReadPart, readPrompt, type WrittenPrompt } from '../prompt/read-prompt.ts';
import type { PassSteps } from '../prompt/schedule.ts';
import { type PromptSyntax, sectionsOf } from '../prompt/syntax.ts';
import type { TextCache } from './text-cache.ts';

export interface EncodedPrompt {
  /** One for each of the prompts that it composes. */
  readonly questions: readonly RowQuestion[];
  readonly warnings: readonly string[];
}

/**
 * What a pass asks with the prompt of a role, at all its steps: each different text is encoded once. Yields before each run of a text
 * encoder. Throws `prompt_too_long` for more chunks than one prompt may have, and in a strict pass for a text that is cut.
 */
export async function* encodePrompt(
  role: TextRole,
  pass: PlannedPass,
  encoders: readonly PromptEncoder[],
  cache: TextCache,
): AsyncGenerator<void, EncodedPrompt> {
  // As in diffusers the negative prompt is always read at the last layer, whatever clip_skip says.
  const clipSkip = role === 'prompt' ? pass.clipSkip : 0;
  const first = role === 'prompt' ? promptOf(pass) : negativePromptOf(pass);
  const second = encoders.some(({ reads }) => reads === 'prompt_2') ? secondPromptOf(pass, role) : null;
  const { steps } = pass.reading[role];
  const parts = readPrompt(first, steps).map((part) => readTogether(part, secondPart(second, steps)));
  const cutting = new Map<PromptEncoder, ReadonlyMap<string, CutText>>();
  const warnings = new Set<string>();
  for (const encoder of encoders) {
    const prompt = encoder.reads === 'prompt_2' ? (second ?? first) : first;
    const texts = new Set(parts.flatMap(({ pairs }) => pairs.map((pair) => textFor(encoder, pair))));
    const cut = new Map([...texts].map((text) => [text, cutText(text, prompt.syntax, encoder)]));
    refuseTooManyChunks(prompt.field, [...cut.values()]);
    const left = Math.max(...[...cut.values()].map(({ leftOut }) => leftOut));
    if (left > 0) warnings.add(remarkOnCut(prompt.field, prompt.syntax, left, pass.strict));
    cutting.set(encoder, cut);
  }
  const questions: RowQuestion[] = [];
  const told = new Map<string, Conditioning>();
  for (const { weight, pairs, at } of parts) {
    for (const pair of pairs) {
      if (told.has(keyOf(pair))) continue;
      const cut = encoders.map((encoder) => cutting.get(encoder)?.get(textFor(encoder, pair))?.chunks ?? []);
      const length = Math.max(...cut.map((chunks) => chunks.length));
      const means: Conditioning[] = [];
      for (const [place, encoder] of encoders.entries()) {
        const encoded: EncodedChunk[] = [];
        for (const chunk of filled(cut[place] ?? [], length, encoder.tokenizer)) {
          if (!cache.has(encoder, chunk, clipSkip)) yield;
          encoded.push({ conditioning: await cache.encode(encoder, chunk, clipSkip), weights: chunk.weights });
        }
        means.push(joinChunks(encoded));
      }
      told.set(keyOf(pair), toldBeside(besideEachOther(means), role, pass));
    }
    const distinct = pairs.map((pair) => told.get(keyOf(pair)) ?? {});
    questions.push({ role, weight, conditionings: { distinct, at } });
  }
  return { questions, warnings: [...warnings] };
}

/** What the first text encoder reads, and what a second one does. */
type TextPair = readonly [first: string, second: string];

/** A prompt as a pass is told it, with what the second text encoder reads beside it: each pair of texts once. */
interface PairedPart {
  readonly weight: number;
  readonly pairs: readonly TextPair[];
  readonly at: readonly number[];
}

function keyOf(pair: TextPair): string {
  return JSON.stringify(pair);
}

function secondPart(second: WrittenPrompt | null, steps: PassSteps): ReadPart | null {
  return second === null ? null : (readPrompt(second, steps)[0] ?? null);
}

function readTogether({ weight, texts, at }: ReadPart, second: ReadPart | null): PairedPart {
  if (second === null) return { weight, pairs: texts.map((text) => [text, text]), at };
  const pairs = new Map<string, { readonly pair: TextPair; readonly place: number }>();
  const places = at.map((own, step) => {
    const pair: TextPair = [texts[own] ?? '', second.texts[second.at[step] ?? 0] ?? ''];
    const key = keyOf(pair);
    const known = pairs.get(key) ?? { pair, place: pairs.size };
    pairs.set(key, known);
    return known.place;
  });
  return { weight, pairs: [...pairs.values()].map(({ pair }) => pair), at: places };
}

function textFor({ reads }: PromptEncoder, [first, second]: TextPair): string {
  return reads === 'prompt_2' ? second : first;
}

/** As many chunks as the other text encoder has of its text: those that are missing are of an empty text. */
function filled(chunks: CutText['chunks'], length: number, tokenizer: Tokenizer): CutText['chunks'] {
  const missing = length - chunks.length;
  return missing === 0 ? chunks : [...chunks, ...Array.from({ length: missing }, () => chunksOf([], tokenizer)[0]!)];
}

/** What a text means, with what else a model is told. */
function toldBeside(
  meant: Conditioning,
  role: TextRole,
  { embedsGuidance, guidanceScale, ...pass }: PlannedPass,
): Conditioning {
  const told = withSizes(meant, role, pass);
  return embedsGuidance === true ? withGuidance(told, guidanceScale) : told;
}

/** With what a model of SDXL is told. */
function withSizes(
  meant: Conditioning,
  role: TextRole,
  { added, ...size }: Pick<PlannedPass, 'added' | 'width' | 'height'>,
): Conditioning {
  if (added === undefined) return meant;
  const conditioning = role === 'negative' && added.zeroNegative ? ofNoText(meant) : meant;
  return withSizeIds(conditioning, sizeIds(added.sizes[role], size, added.scores?.[role]));
}

/** As much of a text as is read. */
interface CutText {
  readonly chunks: readonly Chunk[];
  /** Tokens at its end that are not. */
  readonly leftOut: number;
}

function cutText(text: string, syntax: PromptSyntax, { tokenizer, words = [] }: PromptEncoder): CutText {
  if (syntax === 'plain') {
    const { chunk, leftOut } = firstChunk(text, tokenizer, words);
    return { chunks: [chunk], leftOut };
  }
  const chunks = chunksOf(sectionsOf(text, syntax), tokenizer, { words });
  const beyond = chunks.slice(promptLimits.chunks);
  return {
    chunks: chunks.slice(0, promptLimits.chunks),
    leftOut: beyond.reduce((sum, { tokens }) => sum + tokens, 0),
  };
}

function refuseTooManyChunks(field: string, cut: readonly CutText[]): void {
  const most = promptLimits.allChunks;
  const count = cut.reduce((sum, { chunks }) => sum + chunks.length, 0);
  if (count <= most) return;
  const detail =
    `The different texts of ${field} over all steps have ${count} chunks of 75 tokens together, and at most ${most} are encoded. ` +
    'Shorten it, or schedule less of it.';
  throw new ArmatureError('prompt_too_long', detail, { field });
}

function remarkOnCut(field: string, syntax: PromptSyntax, tokens: number, strict: boolean): string {
  const room = syntax === 'plain' ? 'the text encoder reads' : `${promptLimits.chunks} chunks of 75 tokens`;
  const detail = `${field} is longer than ${room}: its last ${tokens} tokens were left out.`;
  if (strict) throw new ArmatureError('prompt_too_long', detail, { field });
  return detail;
}
