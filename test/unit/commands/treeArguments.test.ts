import { expect, test } from 'vitest';
import { sshCommand } from '../../../src/commands/sshCommand';
import { machineIdsOf, portOf } from '../../../src/commands/treeArguments';

const a = { kind: 'machine', machineId: 'a' };
const b = { kind: 'machine', machineId: 'b' };

test.each([
  ['nothing', [], []],
  ['an id', ['a'], ['a']],
  ['a row', [a], ['a']],
  ['a row among several that are selected', [a, [a, b]], ['a', 'b']],
  ['rows below one machine', [a, [a, { ...a, kind: 'detail' }]], ['a']],
  ['a row and no selection', [a, undefined], ['a']],
  ['a row and an empty selection', [a, []], ['a']],
  ['something else', [{ scheme: 'file' }, [null, 1]], []],
])('machines of %s', (_what, args, ids) => {
  expect(machineIdsOf(args as unknown[])).toEqual(ids);
});

test('the port of a row', () => {
  expect(portOf([{ machineId: 'a', port: 80, kind: 'port' }])).toEqual({ machineId: 'a', port: 80 });
  expect(portOf([a])).toBeUndefined();
  expect(portOf([])).toBeUndefined();
});

test.each([
  [
    'linux',
    '/home/me/.local/share/bulkhead/ssh_config',
    'ssh -F /home/me/.local/share/bulkhead/ssh_config m',
  ],
  ['linux', "/home/o'brien me/ssh_config", "ssh -F '/home/o'\\''brien me/ssh_config' m"],
  ['linux', '/home/$(id)/ssh_config', "ssh -F '/home/$(id)/ssh_config' m"],
  ['win32', 'C:\\Users\\A B\\ssh_config', 'ssh -F "C:\\Users\\A B\\ssh_config" m'],
] as const)('the SSH command on %s with %s', (platform, config, line) => {
  expect(sshCommand(config, 'm', platform)).toBe(line);
});
