import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeHunks, reviewHunks } from '../../../src/review/sides/reviewHunks';

const line = fc.constantFrom('a\n', 'b\n', 'c\r\n', '\n', 'é\n', '\xff\n', 'x');
const text = fc.array(line, { maxLength: 30 }).map((lines) => Buffer.from(lines.join(''), 'latin1'));

describe('hunks', () => {
  test('all of them give the guest’s bytes, none the host’s, whatever the bytes are', () => {
    fc.assert(
      fc.property(text, text, (host, guest) => {
        const all = reviewHunks(host, guest).map(({ id }) => id);
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
          const next = mergeHunks(now, guest, [left[seed % left.length]?.id ?? '']);
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
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      hostStart: 2,
      hostLines: 4,
      guestStart: 2,
      guestLines: 4,
      lines: [' 2', ' 3', ' 4', '-5', '+V', '\\ No newline at end of file'],
      notShown: 0,
    });
    expect(reviewHunks(Buffer.from(''), Buffer.from('x\n'))[0]).toMatchObject({
      hostStart: 0,
      hostLines: 0,
      guestStart: 1,
      guestLines: 1,
    });
  });

  test('what is none of them is refused, also if it was one of other bytes', () => {
    const [a, b] = [Buffer.from('a\n'), Buffer.from('b\n')];
    const [hunk] = reviewHunks(a, b);
    expect(mergeHunks(a, b, [hunk?.id ?? ''])?.toString()).toBe('b\n');
    expect(mergeHunks(a, b, ['0'])).toBeUndefined();
    expect(mergeHunks(a, Buffer.from('c\n'), [hunk?.id ?? ''])).toBeUndefined();
    expect(mergeHunks(Buffer.from('x\n'), b, [hunk?.id ?? ''])).toBeUndefined();
  });

  test('are the same whatever time it takes: no clock has a say', () => {
    const clock = Date.now;
    const many = (word: string) =>
      Array.from({ length: 300 }, (_, n) => `${word}${n % 7}${n % 11}\n`).join('');
    const host = Buffer.from(`1\n${'same\n'.repeat(20)}${many('a')}${many('b')}`);
    const guest = Buffer.from(`2\n${'same\n'.repeat(20)}${many('b')}${many('a')}`);
    const shown = reviewHunks(host, guest);
    expect(shown.length).toBeGreaterThan(1);
    let now = clock();
    // A minute between any two looks at the clock: a computer that the guest keeps busy.
    Date.now = () => (now += 60_000);
    try {
      expect(reviewHunks(host, guest)).toEqual(shown);
      expect(mergeHunks(host, guest, [shown[0]?.id ?? ''])?.toString()).toBe(
        host.toString().replace('1\n', '2\n'),
      );
    } finally {
      Date.now = clock;
    }
  });

  test('of a rewrite of thousands of lines are still told apart from the rest', () => {
    const lines = (word: string) => Array.from({ length: 5_000 }, (_, n) => `${word} ${n}\n`).join('');
    const [host, guest] = ['1', '2'].map((n) => Buffer.from(`${n}\n${'same\n'.repeat(20)}${lines(n)}`));
    expect(reviewHunks(host ?? Buffer.alloc(0), guest ?? Buffer.alloc(0)).length).toBe(2);
  });

  test('that are too long to be shown whole say so, and show both sides', () => {
    const lines = (word: string) =>
      Buffer.from(Array.from({ length: 3_000 }, (_, n) => `${word} ${n}\n`).join(''));
    const [hunk] = reviewHunks(lines('old'), lines('new'));
    expect(hunk?.lines.filter((line) => line.startsWith('+')).length).toBe(1_000);
    expect(hunk?.lines.filter((line) => line.startsWith('-')).length).toBe(1_000);
    expect(hunk?.notShown).toBe(4_000);
    const [long] = reviewHunks(Buffer.alloc(0), Buffer.from('x'.repeat(5_000)));
    expect(long?.lines[0]).toBe(`+${'x'.repeat(2_000)}… (3000 more characters)`);
  });
});
