import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { forLabel, forMessage, forTerminal } from '../../../src/core/plainText';

// VS Code's own expression for links in notifications (src/vs/base/common/linkedText.ts).
const LINK = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/;

describe('no link', () => {
  test.each([
    '[press me](command:workbench.action.quit)',
    '[x](https://example.org "title")',
    'a [b](file:///etc/passwd) c',
  ])('of %j', (text) => {
    expect(LINK.test(text)).toBe(true);
    expect(forMessage(text)).not.toMatch(LINK);
    expect(forLabel(text)).not.toMatch(LINK);
  });

  test('of control characters or of a line break that go away in between', () => {
    for (const between of ['\u0000', '\u001b[0m', '\u202e', '\u2028', '\u009f', '\u001b]8;;\u0007']) {
      expect(forMessage(`[x]${between}(command:y)`)).not.toMatch(LINK);
      expect(forLabel(`[x]${between}(command:y)`)).not.toMatch(LINK);
    }
  });
});

test('a label is one line without icons', () => {
  expect(forLabel('a\n$(trash)\u001b[31m b ')).toBe('a $\u2060(trash) b');
  expect(forLabel('$\u0007(trash)')).not.toContain('$(');
});

test('a line of a terminal is the name as it is, on one line', () => {
  expect(forTerminal('a\n$(x)  [y](z)\u001b[2J')).toBe('a $(x)  [y](z)');
});

test('each is cut to its length', () => {
  for (const plain of [forLabel, forMessage, forTerminal]) {
    expect(plain('x'.repeat(1000), 40)).toBe(`${'x'.repeat(40)}…`);
  }
});

test('whatever the text, no control or direction character comes through', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const plain of [forLabel, forTerminal]) {
        expect(plain(text)).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
      }
    }),
  );
});
