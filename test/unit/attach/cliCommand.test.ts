import { expect, test } from 'vitest';
import { cliCommand } from '../../../src/attach/cliCommand';

const runtime = (electron: boolean, platform: NodeJS.Platform) => ({
  execPath: '/opt/code',
  electron,
  platform,
});

test('a Node runs the bundle by itself', () => {
  expect(cliCommand('/x/cli.js', runtime(false, 'linux'))).toEqual(['/opt/code', '/x/cli.js']);
});

test('Electron is told to be a Node', () => {
  expect(cliCommand('/x/cli.js', runtime(true, 'linux'))).toEqual([
    '/usr/bin/env',
    'ELECTRON_RUN_AS_NODE=1',
    '/opt/code',
    '/x/cli.js',
  ]);
  expect(cliCommand('C:\\cli.js', runtime(true, 'win32')).join(' ')).toContain('ELECTRON_RUN_AS_NODE=1&&');
});
