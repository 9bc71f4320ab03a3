import { describe, expect, it } from 'vitest';
import { visibleText } from '../../../../src/views/review/visibleText';

describe('visibleText', () => {
  it('leaves what can be seen as it is', () => {
    for (const text of ['src/a b.ts', 'größe.txt', '日本語.md', 'e\u0301', '💾']) {
      expect(visibleText(text)).toBe(text);
    }
  });

  it.each([
    ['a right-to-left override', 'gpj.\u202eexe.js', 'gpj.\\u{202e}exe.js'],
    ['an isolate', '\u2066x\u2069', '\\u{2066}x\\u{2069}'],
    ['a zero-width space', 'a\u200bb', 'a\\u{200b}b'],
    ['a soft hyphen and a byte order mark', 'a\u00ad\ufeffb', 'a\\u{ad}\\u{feff}b'],
    ['a line break and an escape sequence', 'a\n\u001b[31mb', 'a\\u{a}\\u{1b}[31mb'],
    ['a space of another kind', 'a\u00a0b', 'a\\u{a0}b'],
    ['a letter without a shape', 'a\u3164b', 'a\\u{3164}b'],
    ['a tag character outside of the basic plane', 'a\u{e0041}', 'a\\u{e0041}'],
    ['an unpaired surrogate', 'a\ud800', 'a\\u{d800}'],
  ])('shows %s by its number', (_what, text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  it('makes no icon and no link', () => {
    expect(visibleText('$(bug) [x](command:y)')).not.toMatch(/\$\(|\]\(/);
  });

  it('is bounded, and keeps the end of a name', () => {
    const shown = visibleText(`${'a'.repeat(10_000)}.exe`, 100);
    expect(shown.length).toBeLessThan(110);
    expect(shown).toMatch(/^a+…a+\.exe$/);
  });
});
