import { describe, expect, it } from 'vitest';
import { checkUser, encodeCommand, exitStatusOf, sessionEnv } from '../../../src/guest/command';

describe('commands', () => {
  it('carries an argv as hex of its NUL-separated bytes', () => {
    expect(encodeCommand({ argv: ['a', '', 'é\n'] })).toBe('bulkhead-argv 610000c3a90a');
    expect(encodeCommand({ script: 'a | b' })).toBe('a | b');
    expect(() => encodeCommand({ argv: ['a', 'b\0c'] })).toThrow(/NUL/);
    expect(() => encodeCommand({ script: '' })).toThrow(/empty/);
    expect(() => encodeCommand({ script: 'x'.repeat(130_000) })).toThrow(/too long/);
  });

  it('checks names, values and counts of the environment', () => {
    expect(sessionEnv({ user: 'me', cwd: '/w' }, { A: '1' }, undefined, { A: '2' })).toEqual({
      A: '2',
      BULKHEAD_USER: 'me',
      BULKHEAD_CWD: '/w',
    });
    // sshd sets these itself after the client's requests.
    expect(sessionEnv({}, { PATH: '/x', HOME: '/h' })).toEqual({
      BULKHEAD_ENV_PATH: '/x',
      BULKHEAD_ENV_HOME: '/h',
    });
    for (const env of [{ 'A=B': '' }, { '': '' }, { BULKHEAD_USER: 'root' }, { A: 'x'.repeat(40_000) }]) {
      expect(() => sessionEnv({}, env)).toThrow();
    }
    expect(() =>
      sessionEnv({}, Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`A${n}`, '']))),
    ).toThrow();
  });

  it('knows an account in each of Docker’s forms', () => {
    for (const user of ['root', '1000', 'me:staff', '0:0', 'a.b-c_d$']) {
      expect(checkUser(user)).toBe(user);
    }
    for (const user of ['', '-a', 'a b', 'a:b:c', 'a\n', ':0', '../x']) {
      expect(() => checkUser(user)).toThrow(/account/);
    }
  });

  it('reads exit statuses as a shell would, and impossible ones as 255', () => {
    expect(exitStatusOf(7, undefined)).toEqual({ code: 7 });
    expect(exitStatusOf(null, 'SIGTERM')).toEqual({ code: 143, signal: 'TERM' });
    for (const code of [-1, 256, 1.5, Number.NaN, '0', undefined]) {
      expect(exitStatusOf(code, undefined)).toEqual({ code: 255 });
    }
    expect(exitStatusOf(null, 'SIGNOSUCH')).toEqual({ code: 255 });
  });
});
