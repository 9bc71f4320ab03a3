import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkMatch, type RawMatch } from '../../../src/guest/fileMatch';
import { GrepOutput } from '../../../src/guest/grepOutput';
import { isInside } from '../../../src/guest/guestPath';
import { NulNames } from '../../../src/guest/listFiles';
import { RipgrepJson } from '../../../src/guest/ripgrepJson';

const ESC = '\x1b';

/** What a guest that has been taken over may print: real pieces in any order, and noise. */
const hostileBytes = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\0',
        '\n',
        ':',
        '../',
        '/etc/passwd',
        './a.txt',
        '\0'.concat('7:'),
        `${ESC}[1m`,
        `${ESC}[m`,
        '99999999999999999999',
        '{"type":"match","data":{"path":{"text":"../x"},"lines":{"text":"a\\n"},"line_number":1}}\n',
        '{"type":"match","data":{"path":{"text":"x"},"lines":{"text":"a\\n"},"line_number":1e99,"submatches":[{"start":-5,"end":1e9}]}}\n',
        '{"type":"match","data":{"path":{"bytes":"/w=="},"lines":{"bytes":"AAEC"},"line_number":2,"submatches":[null]}}\n',
        '{"type":"match","data":[]}\n',
        'null\n',
      ),
      fc.string(),
      fc.string({ unit: 'binary' }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.from(parts.join('')));

function inPieces(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    pieces.push(bytes.subarray(at, at + size));
  }
  return pieces;
}

describe('what search tools print', () => {
  it.each([
    ['ripgrep', () => new RipgrepJson()],
    ['grep', () => new GrepOutput(false)],
    ['busybox', () => new GrepOutput(true)],
  ])('%s: whatever the guest prints, matches are bounded, printable and inside the folder', (_name, make) => {
    fc.assert(
      fc.property(hostileBytes, fc.integer({ min: 1, max: 50 }), (bytes, size) => {
        const parser = make();
        for (const raw of inPieces(bytes, size).flatMap((piece) => parser.push(piece))) {
          const match = checkMatch('/work', raw);
          if (match) {
            expect(isInside('/work', match.path)).toBe(true);
            expect(match.line).toBeGreaterThan(0);
            expect(match.end).toBeGreaterThanOrEqual(match.start);
            const shown = match.before + match.match + match.after;
            expect(shown.length).toBeLessThan(600);
            // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
            expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
          }
        }
      }),
    );
  });

  it('does not matter how the output is cut into pieces', () => {
    const bytes = Buffer.from(`a\nb.txt\0${'12'}\0x ${ESC}[1mhellö${ESC}[m y\n./c\0${'3'}:plain\n`);
    for (let size = 1; size < bytes.length; size++) {
      const parser = new GrepOutput(false);
      expect(inPieces(bytes, size).flatMap((piece) => parser.push(piece))).toEqual<RawMatch[]>([
        { path: 'a\nb.txt', line: 12, text: 'x hellö y', range: { start: 2, end: 7 } },
        { path: './c', line: 3, text: 'plain' },
      ]);
      expect(parser.skipped).toBe(0);
    }
  });

  it('reads ripgrep’s byte offsets as positions in text', () => {
    const record = {
      type: 'match',
      data: {
        path: { text: './ä.txt' },
        lines: { text: 'ä€😀 hit\r\n' },
        line_number: 4,
        submatches: [{ match: { text: 'hit' }, start: 10, end: 13 }],
      },
    };
    const [raw] = new RipgrepJson().push(Buffer.from(`${JSON.stringify(record)}\n`));
    expect(raw && checkMatch('/work', raw)).toEqual({
      path: '/work/ä.txt',
      relative: 'ä.txt',
      line: 4,
      start: 5,
      end: 8,
      before: 'ä€😀 ',
      match: 'hit',
      after: '',
    });
  });

  it('drops a line without end, and counts it', () => {
    const parser = new RipgrepJson();
    for (let at = 0; at < 40; at++) {
      expect(parser.push(Buffer.alloc(16_384, 'x'))).toEqual([]);
    }
    expect(parser.push(Buffer.from('\n'))).toEqual([]);
    expect(parser.skipped).toBe(1);
    const grep = new GrepOutput(false);
    expect(grep.push(Buffer.concat([Buffer.alloc(10_000, 'p'), Buffer.from('\n./a\x001:t\n')]))).toEqual([
      { path: './a', line: 1, text: 't' },
    ]);
    expect(grep.skipped).toBe(1);
  });

  it('takes no path out of the folder', () => {
    for (const path of ['../x', 'a/../../x', '/etc/passwd', '', '.', './', 'a//b', 'a/./b', 'a\0b']) {
      expect(checkMatch('/work', { path, line: 1, text: 'x' }), path).toBeUndefined();
    }
  });

  it('splits names at NUL; what the editor can’t open is named so', () => {
    const names = new NulNames();
    expect(names.push(Buffer.from('a\nb\0c'))).toEqual(['a\nb']);
    expect(names.push(Buffer.from('d\0'))).toEqual(['cd']);
    expect(names.push(Buffer.from([0xff, 0]))).toEqual([undefined]);
    expect(names.push(Buffer.alloc(9000, 'x'))).toEqual([]);
    expect(names.push(Buffer.from('\0ok\0'))).toEqual([undefined, 'ok']);
  });
});
