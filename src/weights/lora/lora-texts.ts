/** What trainers write about a LoRA into its header, as far as users ask for it. */
export interface LoraTexts {
  /** What to write into a prompt for it to act, the most telling first. */
  readonly triggerWords: readonly string[];
  readonly licence: string | null;
  /** What its trainer called it: other programs take that name in a prompt too. */
  readonly alias: string | null;
}

/** More are no words to be typed. */
const mostWords = 8;
const longest = 100;

export function loraTexts(metadata: Readonly<Record<string, string>>): LoraTexts {
  const phrase = shortened(metadata['modelspec.trigger_phrase']);
  return {
    triggerWords: phrase === null ? frequentTags(metadata['ss_tag_frequency']) : [phrase],
    licence: shortened(metadata['modelspec.license']),
    alias: shortened(metadata['ss_output_name']),
  };
}

/** Tags of the pictures that it was trained on, the most frequent first: {folder: {tag: count}}. */
function frequentTags(text: string | undefined): readonly string[] {
  const counts = new Map<string, number>();
  for (const tags of Object.values(objectOf(parsed(text)))) {
    for (const [tag, count] of Object.entries(objectOf(tags))) {
      const name = shortened(tag);
      if (name !== null && typeof count === 'number') counts.set(name, (counts.get(name) ?? 0) + count);
    }
  }
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, mostWords)
    .map(([tag]) => tag);
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function shortened(text: string | undefined): string | null {
  const trimmed = text?.trim() ?? '';
  return trimmed === '' || trimmed.length > longest ? null : trimmed;
}
