import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GitStatus, GitStatusParser } from '../../../../src/guest/git/gitStatus';

const ID = 'a'.repeat(40);
const tracked = (xy: string, path: string) => `1 ${xy} N... 100644 100644 100644 ${ID} ${ID} ${path}\0`;

function parse(input: string | Buffer, limit = 100, piece = Number.MAX_SAFE_INTEGER): GitStatus {
  const bytes = Buffer.from(input as string);
  const parser = new GitStatusParser(limit);
  for (let at = 0; at < bytes.length; at += piece) {
    parser.push(bytes.subarray(at, at + piece));
  }
  return parser.end();
}

describe('git status', () => {
  it('reads branch, upstream and distance', () => {
    const headers = `# branch.oid ${ID}\0# branch.head topic/one\0# branch.upstream origin/topic/one\0# branch.ab +2 -13\0`;
    expect(parse(headers).branch).toEqual({
      head: ID,
      name: 'topic/one',
      upstream: 'origin/topic/one',
      ahead: 2,
      behind: 13,
    });
    expect(parse('# branch.oid (initial)\0# branch.head main\0').branch).toEqual({
      name: 'main',
      ahead: 0,
      behind: 0,
    });
    expect(parse(`# branch.oid ${ID}\0# branch.head (detached)\0`).branch).toEqual({
      head: ID,
      ahead: 0,
      behind: 0,
    });
  });

  it('reads changes of every kind, in pieces of any size', () => {
    const output = [
      tracked('MM', 'src/a b.ts'),
      tracked('.D', 'gone'),
      `2 R. N... 100644 100644 100644 ${ID} ${ID} R097 new name\0old\nname\0`,
      `u UU N... 100644 100644 100644 100644 ${ID} ${ID} ${ID} both.txt\0`,
      `1 .M S.M. 160000 160000 160000 ${ID} ${ID} module\0`,
      '? new file\0',
      '? nested/\0',
      '! ignored\0',
    ].join('');
    const whole = parse(output);
    expect(whole).toMatchObject({ truncated: false, dropped: 0 });
    expect(whole.changes).toEqual([
      { path: 'src/a b.ts', kind: 'tracked', index: 'M', worktree: 'M', indexId: ID, repository: false },
      { path: 'gone', kind: 'tracked', index: '.', worktree: 'D', indexId: ID, repository: false },
      {
        path: 'new name',
        originalPath: 'old\nname',
        kind: 'tracked',
        index: 'R',
        worktree: '.',
        indexId: ID,
        repository: false,
      },
      { path: 'both.txt', kind: 'conflict', index: 'U', worktree: 'U', repository: false },
      { path: 'module', kind: 'tracked', index: '.', worktree: 'M', indexId: ID, repository: true },
      { path: 'new file', kind: 'untracked', index: '.', worktree: '.', repository: false },
      { path: 'nested', kind: 'untracked', index: '.', worktree: '.', repository: true },
    ]);
    for (const piece of [1, 2, 7, 64]) {
      expect(parse(output, 100, piece)).toEqual(whole);
    }
  });

  it.each([
    ['../outside', 'a path out of the work tree'],
    ['a/../../b', 'one that goes out on the way'],
    ['/etc/passwd', 'an absolute path'],
    ['a//b', 'an empty component'],
    ['.', 'the folder itself'],
    ['', 'no path'],
    ['.git/config', 'the repository’s own files'],
    ['sub/.git/hooks/post-commit', 'those of one inside it'],
    ['x'.repeat(256), 'a name that no file system has'],
  ])('drops %j: %s', (path) => {
    expect(parse(`? ${path}\0`)).toMatchObject({ changes: [], dropped: 1 });
    expect(parse(tracked('.M', path))).toMatchObject({ changes: [], dropped: 1 });
    expect(parse(`2 R. N... 100644 100644 100644 ${ID} ${ID} R100 ok\0${path}\0`)).toMatchObject({
      changes: [],
      dropped: 1,
    });
  });

  it('drops names that are not UTF-8, endless lines and unknown forms, and reads on', () => {
    const output = Buffer.concat([
      Buffer.from('? raw-\xff\xfe\0', 'latin1'),
      Buffer.from(`? ${'y/'.repeat(50_000)}\0`),
      Buffer.from('x what is this\0'),
      Buffer.from('1 .M nonsense\0'),
      Buffer.from('? kept\0'),
      Buffer.from('? without an end'),
    ]);
    for (const piece of [1000, 1_000_000]) {
      expect(parse(output, 100, piece)).toMatchObject({
        changes: [{ path: 'kept' }],
        dropped: 5,
        truncated: false,
      });
    }
  });

  it('stops at its limit, of changes and of nonsense', () => {
    const parser = new GitStatusParser(3);
    parser.push(Buffer.from('? a\0? b\0? c\0'));
    expect(parser.isFull).toBe(false);
    parser.push(Buffer.from('? d\0? e\0'));
    expect(parser.isFull).toBe(true);
    expect(parser.end()).toMatchObject({ truncated: true, changes: { length: 3 } });
    const noise = new GitStatusParser(3);
    noise.push(Buffer.from('?\0?\0?\0'));
    expect(noise.isFull).toBe(true);
  });

  it('whatever comes: bounded, and no path leaves the work tree', () => {
    const word = fc.constantFrom(
      '1 ',
      '2 ',
      'u ',
      '? ',
      '# branch.head ',
      '../',
      '/',
      'a',
      '\0',
      ID,
      ' ',
      '.M N...',
    );
    const noise = fc.oneof(
      fc.array(word, { maxLength: 60 }).map((words) => Buffer.from(words.join(''))),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(noise, fc.integer({ min: 1, max: 50 }), (bytes, piece) => {
        const status = parse(bytes, 20, piece);
        expect(status.changes.length).toBeLessThanOrEqual(20);
        for (const { path, originalPath } of status.changes) {
          for (const each of [path, originalPath ?? 'ok']) {
            expect(each.startsWith('/')).toBe(false);
            expect(each.split('/')).not.toContain('..');
            expect(each.split('/')).not.toContain('.git');
          }
        }
        expect(parse(bytes, 20)).toEqual(status);
      }),
    );
  });

  it('keeps what it was told, for any names that files can have', () => {
    const name = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 60 })
      .filter(
        (text) =>
          !/[\0/]/.test(text) && !['.', '..', '.git'].includes(text) && Buffer.from(text).toString() === text,
      );
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 20 }), (paths) => {
        const { changes, dropped } = parse(paths.map((each) => `? ${each}\0`).join(''));
        expect(dropped).toBe(0);
        expect(changes.map((change) => change.path)).toEqual(paths);
      }),
    );
  });
});
