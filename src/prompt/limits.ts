/**
 * What bounds a prompt in A1111's grammar. What is beyond is refused before it is queued, but for the chunks, which are counted where
 * there is a tokenizer.
 */
export const promptLimits = {
  /** Schedules and alternations inside one another. */
  nesting: 16,
  /** Schedules and alternations of one prompt. */
  schedules: 64,
  /** Choices of one alternation. */
  choices: 64,
  /** Prompts that `AND` composes. */
  parts: 8,
  /** Different texts that all steps of one prompt are drawn with. */
  texts: 64,
  /** UTF-16 code units of all of them together. */
  characters: 32_000,
  /** Pieces of different weight in one of those texts. */
  pieces: 512,
  /** Largest weight of a piece or a part, either way of 0. */
  weight: 100,
  /** Chunks of 75 tokens of one text, and of all texts of one prompt together. */
  chunks: 16,
  allChunks: 128,
} as const;
