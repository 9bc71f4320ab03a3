import { expect, test } from 'vitest';
import { gitConfigEnvironment } from '../../../src/credentials/gitConfigEnvironment';
import { changeLent, NOTHING_LENT, saneLent } from '../../../src/credentials/lent';

test('a change replaces what it names, in one order, without doubles', () => {
  const lent = changeLent(NOTHING_LENT, {
    git: ['b.test', 'A.test', 'a.test:443'],
    env: ['B_TOKEN', 'A_TOKEN'],
  });
  expect(lent).toEqual({ agent: false, git: ['a.test', 'b.test'], env: ['A_TOKEN', 'B_TOKEN'] });
  expect(changeLent(lent, { agent: true })).toEqual({ ...lent, agent: true });
});

test('one name is lent or taken back, whatever the others are by then', () => {
  const lent = { agent: true, git: ['a.test', 'b.test'], env: ['A_TOKEN'] };
  expect(changeLent(lent, { revoke: { git: ['a.test'] } })).toEqual({ ...lent, git: ['b.test'] });
  expect(changeLent(lent, { lend: { git: ['C.test'], env: ['B_TOKEN'] } })).toEqual({
    agent: true,
    git: ['a.test', 'b.test', 'c.test'],
    env: ['A_TOKEN', 'B_TOKEN'],
  });
  expect(changeLent(lent, { git: [], env: [], lend: { git: ['my_git.test'] } }).git).toEqual(['my_git.test']);
  expect(() => changeLent(lent, { lend: { env: ['PATH'] } })).toThrow();
});

test.each([
  'PATH',
  'LD_PRELOAD',
  'ld_library_path',
  'BULKHEAD_USER',
  'SSH_AUTH_SOCK',
  'GIT_CONFIG_COUNT',
  'BASH_ENV',
  'NODE_OPTIONS',
  'A-B',
  'A=B',
  '',
  '1A',
  'A\n',
])('the variable %j is not lent', (name) => {
  expect(() => changeLent(NOTHING_LENT, { env: [name] })).toThrow();
  expect(saneLent({ agent: false, git: [], env: [name, 'A_TOKEN'] }).env).toEqual(['A_TOKEN']);
});

test('there is a limit', () => {
  const env = Array.from({ length: 51 }, (_, n) => `A_${n}`);
  expect(() => changeLent(NOTHING_LENT, { env })).toThrow('At most');
  expect(saneLent({ agent: true, git: ['*'], env }).env).toHaveLength(50);
});

test('git’s helper is configured after what is there already', () => {
  expect(gitConfigEnvironment({}, [], 'h')).toEqual({});
  expect(gitConfigEnvironment({ GIT_CONFIG_COUNT: '2' }, ['a.test', 'b.test:8443'], 'h')).toEqual({
    GIT_CONFIG_COUNT: '4',
    GIT_CONFIG_KEY_2: 'credential.https://a.test.helper',
    GIT_CONFIG_VALUE_2: 'h',
    GIT_CONFIG_KEY_3: 'credential.https://b.test:8443.helper',
    GIT_CONFIG_VALUE_3: 'h',
  });
  expect(gitConfigEnvironment({ GIT_CONFIG_COUNT: 'x' }, ['a.test'], 'h')).toEqual({});
});
