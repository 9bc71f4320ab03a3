import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { credentialHost } from '../../../src/credentials/credentialHost';
import { guestAnswer, hostQuestion, parseGitQuestion } from '../../../src/credentials/gitCredentialRequest';

const parse = (text: string) => parseGitQuestion(Buffer.from(text));

describe('questions', () => {
  test('the host and the user name count, the path and all else is dropped', () => {
    expect(
      parse(
        'capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=Git.Example.org\npath=a/b.git\nusername=jo\nwwwauth[]=Basic realm="x"\n\n',
      ),
    ).toEqual({ host: 'git.example.org', username: 'jo' });
    expect(parse('protocol=https\nhost=git.example.org:8443\n')).toEqual({ host: 'git.example.org:8443' });
    expect(parse('protocol=https\nhost=git.example.org:443\n')).toEqual({ host: 'git.example.org' });
  });

  test('a second question behind the first is not seen', () => {
    expect(parse('protocol=https\nhost=a.test\n\nprotocol=https\nhost=b.test\n\n')).toEqual({
      host: 'a.test',
    });
  });

  test.each([
    ['another protocol', 'protocol=http\nhost=a.test\n'],
    ['no protocol', 'host=a.test\n'],
    ['no host', 'protocol=https\n'],
    ['two hosts', 'protocol=https\nhost=a.test\nhost=b.test\n'],
    ['a url', 'protocol=https\nhost=a.test\nurl=https://b.test/\n'],
    ['a password already', 'protocol=https\nhost=a.test\npassword=x\n'],
    ['a NUL', 'protocol=https\nhost=a.test\0b.test\n'],
    ['a carriage return', 'protocol=https\r\nhost=a.test\r\n'],
    ['a path in the host', 'protocol=https\nhost=a.test/b\n'],
    ['a user in the host', 'protocol=https\nhost=b.test@a.test\n'],
    ['a space in the host', 'protocol=https\nhost=a.test b.test\n'],
    ['an encoded newline in the host', 'protocol=https\nhost=a.test%0ahost=b.test\n'],
    ['a line without a key', 'protocol=https\nhost=a.test\n=x\n'],
    ['a line without a value', 'protocol=https\nhost\n'],
    ['an odd key', 'protocol=https\nhost=a.test\nHost=b.test\n'],
    ['a port that is none', 'protocol=https\nhost=a.test:0\n'],
    ['too many lines', `protocol=https\nhost=a.test\n${'a[]=b\n'.repeat(100)}`],
    ['a long line', `protocol=https\nhost=a.test\npath=${'a'.repeat(5000)}\n`],
  ])('%s is refused', (_what, text) => {
    expect(parse(text)).toHaveProperty('refused');
  });

  test('bytes that are no UTF-8, and too many of them, are refused', () => {
    expect(parseGitQuestion(Buffer.from([0xff, 0xfe]))).toHaveProperty('refused');
    expect(parseGitQuestion(Buffer.alloc(20_000, 'a'))).toHaveProperty('refused');
  });

  test('whatever is asked, the host’s git is asked about exactly one proper host', () => {
    const line = fc.oneof(
      fc.constantFrom('protocol=https', 'host=a.test', 'host=[::1]:8443', 'username=jo', '', 'path=x'),
      fc.string({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const question = parse(`${lines.join('\n')}\n`);
        if (!('refused' in question)) {
          expect(credentialHost(question.host)).toBe(question.host);
          expect(hostQuestion(question)).toMatch(/^protocol=https\nhost=[^\s/@]+\n(username=[^\n]+\n)?\n$/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test('hosts are names, not patterns', () => {
  expect(credentialHost(' GitHub.test ')).toBe('github.test');
  for (const bad of [
    '*.test',
    'https://a.test',
    'a..test',
    '',
    '.',
    'a.test/',
    'a.test:99999',
    'a b',
    'ä.test',
  ]) {
    expect(() => credentialHost(bad), bad).toThrow('Not a host');
  }
});

describe('answers', () => {
  const answer = 'protocol=https\nhost=a.test\nusername=jo\npassword=s3cret\noauth_refresh_token=more\n';
  test('only name and password pass', () => {
    expect(guestAnswer(answer, 'a.test')).toBe('username=jo\npassword=s3cret\n');
  });
  test('no password, another host, or control characters: no answer', () => {
    expect(guestAnswer('protocol=https\nhost=a.test\nusername=jo\n', 'a.test')).toBeUndefined();
    expect(guestAnswer(answer, 'b.test')).toBeUndefined();
    expect(guestAnswer(answer.replace('s3', 's\r3'), 'a.test')).toBeUndefined();
  });
});
