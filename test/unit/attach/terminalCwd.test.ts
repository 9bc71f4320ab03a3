import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TerminalCwd } from '../../../src/attach/terminalCwd';

function after(...pieces: string[]): string | undefined {
  const cwd = new TerminalCwd('/start');
  for (const piece of pieces) {
    cwd.push(piece);
  }
  return cwd.path;
}

test('the usual sequences say the folder, however they are cut', () => {
  const text = 'x\x1b]0;title\x07$ \x1b]7;file://host/srv/a%20b\x1b\\ls\r\n';
  for (let at = 0; at <= text.length; at++) {
    expect(after(text.slice(0, at), text.slice(at))).toBe('/srv/a b');
  }
  expect(after('\x1b]633;P;Cwd=/a\\x3bb\x07')).toBe('/a;b');
  expect(after('\x1b]1337;CurrentDir=/x\x07')).toBe('/x');
  expect(after('\x1b]7;file:///100%\x07')).toBe('/100%');
});

test('anything else says nothing', () => {
  expect(after('\x1b]7;file://host\x07', '\x1b]7;relative\x07', '\x1b]7;file:///a%00b\x07', 'text')).toBe(
    '/start',
  );
  expect(after(`\x1b]7;file:///${'x'.repeat(20_000)}`, '\x07')).toBe('/start');
});

test('whatever comes, the folder is absolute and short', () => {
  const piece = fc.oneof(
    fc.constantFrom('\x1b]7;file://', '\x1b]', '\x07', '\x1b\\', '/a', '633;P;Cwd='),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const path = after(...pieces) ?? '';
      expect(path.startsWith('/')).toBe(true);
      expect(path.length).toBeLessThanOrEqual(4096);
    }),
  );
});
