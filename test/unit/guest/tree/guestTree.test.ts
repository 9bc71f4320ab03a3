import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BulkheadError } from '../../../../src/core/errors';
import { parseExcludes } from '../../../../src/guest/exclude';
import { parseGuestTree } from '../../../../src/guest/tree/listGuestTree';

const parse = (...records: string[]) =>
  parseGuestTree(
    Readable.from([Buffer.from(records.map((record) => `${record}\0`).join(''))]),
    parseExcludes([]),
  );
const file = (path: string) => `f 644 5 1700000000.000000001 1700000000.000000002 42 ${path}`;

describe('the list of a guest’s tree', () => {
  test('keeps what a look needs, links with their targets', async () => {
    const { entries, unreadable } = await parse(
      'd 755 4096 1.000000000 1.000000000 1 a b',
      file('a b/c'),
      'l 777 3 1.000000000 1.000000000 2 link',
      '../x y',
      '! a b/secret',
      'end 3',
    );
    expect([...entries.keys()]).toEqual(['a b', 'a b/c', 'link']);
    expect(entries.get('link')).toMatchObject({ type: 'symlink', target: '../x y' });
    expect(entries.get('a b/c')).toMatchObject({ type: 'file', mode: 0o644, size: 5, inode: '42' });
    expect(unreadable).toEqual(['a b/secret']);
  });

  test.each([
    ['an end that is missing', [file('a')]],
    ['fewer than it counts', [file('a'), 'end 2']],
    ['more after the end', ['end 0', file('a')]],
    ['a parent folder', [file('../a'), 'end 1']],
    ['an absolute path', [file('/etc/passwd'), 'end 1']],
    ['a dot in the middle', [file('a/./b'), 'end 1']],
    ['an empty name', [file('a//b'), 'end 1']],
    ['a size that is no number', [file('a').replace(' 5 ', ' -5 '), 'end 1']],
    ['a size beyond what a number holds', [file('a').replace(' 5 ', ' 9999999999999999 '), 'end 1']],
    ['a record of any length', [file('a'.repeat(10_000)), 'end 1']],
    ['another format', ['hello', 'end 1']],
  ])('with %s is refused', async (_what, records) => {
    await expect(parse(...records)).rejects.toThrow(BulkheadError);
  });

  test('never throws anything else, and never lets a path out, whatever the bytes and chunks', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc
        .constantFrom(
          file('x'),
          file('a/b'),
          'end 1',
          'end 2',
          '! ',
          'l 777 1 1.000000000 1.000000000 1 l',
          '\0',
        )
        .map((text) => Buffer.from(text)),
      fc.constant(Buffer.from('\0')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (chunks) => {
        try {
          const { entries } = await parseGuestTree(
            Readable.from(chunks.map((chunk) => Buffer.from(chunk))),
            parseExcludes([]),
          );
          for (const path of entries.keys()) {
            expect(path.split('/')).not.toContain('..');
          }
        } catch (error) {
          expect(error).toBeInstanceOf(BulkheadError);
        }
      }),
    );
  });
});
