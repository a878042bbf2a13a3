import { describe, expect, it } from 'vitest';
import { refuseUnstorableText } from '../../src/generation/storable-text.ts';
import { parseGeneration } from '../../src/generation/parse.ts';

describe('text that no database keeps', () => {
  it.each([
    ['U+0000', 'a\0b'],
    ['half of a pair', 'a\uD83Cb'],
  ])('%s is refused wherever it stands', (_name, text) => {
    expect(() => parseGeneration({ prompt: text })).toThrow(/Expected prompt to be text/);
    expect(() => parseGeneration({ prompt: 'a', metadata: { list: [{ deep: text }] } })).toThrow(
      /Expected metadata.list\[0\].deep to be text/,
    );
    expect(() => refuseUnstorableText({ metadata: { [text]: 1 } }, '')).toThrow(/Expected metadata to be text/);
  });

  it('all other text is let through', () => {
    expect(parseGeneration({ prompt: 'a 🎨\n\t\u007f' }).prompt).toBe('a 🎨\n\t\u007f');
  });
});
