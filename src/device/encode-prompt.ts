import { ArmatureError } from '../errors.ts';
import type { PlannedPass } from '../generation/passes.ts';
import { negativePromptOf, promptOf } from '../generation/prompts.ts';
import { type Chunk, chunksOf } from '../pipeline/conditioning/chunks.ts';
import type { Conditioning } from '../pipeline/conditioning/conditioning.ts';
import { type EncodedChunk, joinChunks } from '../pipeline/conditioning/join-chunks.ts';
import type { PromptEncoder } from '../pipeline/conditioning/prompt-encoder.ts';
import type { Role } from '../pipeline/conditioning/role.ts';
import type { RowQuestion } from '../pipeline/row.ts';
import type { Tokenizer } from '../pipeline/tokenizer/tokenizer.ts';
import { promptLimits } from '../prompt/limits.ts';
import { distinctTexts, readPrompt } from '../prompt/read-prompt.ts';
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
  role: Role,
  pass: PlannedPass,
  encoders: readonly PromptEncoder[],
  cache: TextCache,
): AsyncGenerator<void, EncodedPrompt> {
  // As in diffusers the negative prompt is always read at the last layer, whatever clip_skip says.
  const clipSkip = role === 'prompt' ? pass.clipSkip : 0;
  const prompt = role === 'prompt' ? promptOf(pass) : negativePromptOf(pass);
  const parts = readPrompt(prompt, pass.run);
  const texts = [...distinctTexts(parts)];
  const cut = encoders.map((encoder) => texts.map((text) => cutText(text, prompt.syntax, encoder.tokenizer)));
  refuseTooManyChunks(prompt.field, cut);
  const left = Math.max(...cut.flat().map(({ leftOut }) => leftOut));
  const warnings = left === 0 ? [] : [remarkOnCut(prompt.field, prompt.syntax, left, pass.strict)];
  const means = new Map<string, Conditioning>();
  for (const [index, text] of texts.entries()) {
    let whole: Conditioning = {};
    for (const [place, encoder] of encoders.entries()) {
      const encoded: EncodedChunk[] = [];
      for (const { ids, weights } of cut[place]?.[index]?.chunks ?? []) {
        if (!cache.has(encoder, ids, clipSkip)) yield;
        encoded.push({ conditioning: await cache.encode(encoder, ids, clipSkip), weights });
      }
      whole = { ...whole, ...joinChunks(encoded) };
    }
    means.set(text, whole);
  }
  const questions = parts.map(({ weight, texts: own, at }) => {
    return { role, weight, conditionings: { distinct: own.map((text) => means.get(text) ?? {}), at } };
  });
  return { questions, warnings };
}

/** As much of a text as is read. */
interface CutText {
  readonly chunks: readonly Pick<Chunk, 'ids' | 'weights'>[];
  /** Tokens at its end that are not. */
  readonly leftOut: number;
}

function cutText(text: string, syntax: PromptSyntax, tokenizer: Tokenizer): CutText {
  if (syntax === 'plain') {
    const { ids, truncated } = tokenizer.tokenize(text);
    return { chunks: [{ ids, weights: new Float64Array(ids.length).fill(1) }], leftOut: truncated };
  }
  const chunks = chunksOf(sectionsOf(text, syntax), tokenizer);
  const beyond = chunks.slice(promptLimits.chunks);
  return {
    chunks: chunks.slice(0, promptLimits.chunks),
    leftOut: beyond.reduce((sum, { tokens }) => sum + tokens, 0),
  };
}

function refuseTooManyChunks(field: string, cut: readonly (readonly CutText[])[]): void {
  const most = promptLimits.allChunks;
  const count = Math.max(...cut.map((texts) => texts.reduce((sum, { chunks }) => sum + chunks.length, 0)));
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
