import { parseEmphasis, type Section } from './emphasis.ts';

/** How a prompt is read: in A1111's grammar, or as the text that it is, cut where the text encoder reads no further. */
export const promptSyntaxes = ['a1111', 'plain'] as const;
export type PromptSyntax = (typeof promptSyntaxes)[number];

/** What a text of a prompt says, in sections of pieces with weights; plain text is one piece. */
export function sectionsOf(text: string, syntax: PromptSyntax): readonly Section[] {
  return syntax === 'plain' ? [[{ text, weight: 1 }]] : parseEmphasis(text);
}
