import { z } from 'zod';
import { promptSyntaxes } from '../../prompt/syntax.ts';
import { addedFields } from './added-fields.ts';
import { limits } from './limits.ts';
import { fieldOptions } from './request-fields.ts';
import { integer } from './scalars.ts';

/** What is to be drawn, in words, and how the words are read. */
export const promptFields = {
  prompt: z
    .string()
    .max(limits.promptLength)
    .describe('What to draw; may be empty')
    .meta({ examples: ['a red cube on a green floor'] }),
  negative_prompt: z
    .string()
    .max(limits.promptLength)
    .nullable()
    .default(null)
    .describe(
      'What to keep away from. Left out or null, it is an empty text, or, where a model of SDXL was trained so, no text at all',
    )
    .register(fieldOptions, { flag: '--negative <text>', says: 'what to keep away from' }),
  ...addedFields,
  prompt_syntax: z
    .enum(promptSyntaxes)
    .default('a1111')
    .describe(
      'How both prompts are read: a1111 (emphasis, BREAK, schedules, alternation, AND, prompts of any length), or plain, text as it is, cut where the text encoder reads no further',
    )
    .register(fieldOptions, {
      flag: '--prompt-syntax <syntax>',
      says: `how prompts are read: ${promptSyntaxes.join(', ')} (default: a1111)`,
    }),
} as const;

/** Says of the text encoder how much of it is run. */
export const clipSkipField = {
  clip_skip: integer(limits.clipSkip)
    .default(0)
    .describe('How many of the last layers of the text encoder are left out')
    .register(fieldOptions, { flag: '--clip-skip <number>', says: 'last layers of the text encoder to leave out' }),
} as const;
