import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeHunks, reviewHunks } from '../../../src/review/sides/reviewHunks';

const line = fc.constantFrom('a\n', 'b\n', 'c\r\n', '\n', 'é\n', '\xff\n', 'x');
const text = fc.array(line, { maxLength: 30 }).map((lines) => Buffer.from(lines.join(''), 'latin1'));

describe('hunks', () => {
  test('all of them give the guest’s bytes, none the host’s, whatever the bytes are', () => {
    fc.assert(
      fc.property(text, text, (host, guest) => {
        const all = reviewHunks(host, guest).map(({ index }) => index);
        expect(mergeHunks(host, guest, all)?.equals(guest)).toBe(true);
        expect(mergeHunks(host, guest, [])?.equals(host)).toBe(true);
        expect(all.length === 0).toBe(host.equals(guest));
      }),
    );
  });

  test('one after the other, in any order, give the guest’s bytes too', () => {
    fc.assert(
      fc.property(text, text, fc.nat(), (host, guest, seed) => {
        let now: Buffer = host;
        for (let left = reviewHunks(now, guest); left.length > 0; left = reviewHunks(now, guest)) {
          const next = mergeHunks(now, guest, [seed % left.length]);
          expect(next).toBeDefined();
          now = next ?? guest;
        }
        expect(now.equals(guest)).toBe(true);
      }),
    );
  });

  test('say what a unified diff says, the missing newline included', () => {
    const [hunk, ...more] = reviewHunks(Buffer.from('1\n2\n3\n4\n5\n'), Buffer.from('1\n2\n3\n4\nV'));
    expect(more).toEqual([]);
    expect(hunk).toEqual({
      index: 0,
      hostStart: 2,
      hostLines: 4,
      guestStart: 2,
      guestLines: 4,
      lines: [' 2', ' 3', ' 4', '-5', '+V', '\\ No newline at end of file'],
    });
    expect(reviewHunks(Buffer.from(''), Buffer.from('x\n'))[0]).toMatchObject({
      hostStart: 0,
      hostLines: 0,
      guestStart: 1,
      guestLines: 1,
    });
  });

  test('a number that is none of them is refused', () => {
    expect(mergeHunks(Buffer.from('a\n'), Buffer.from('b\n'), [1])).toBeUndefined();
    expect(mergeHunks(Buffer.from('a\n'), Buffer.from('b\n'), [-1])).toBeUndefined();
  });
});
