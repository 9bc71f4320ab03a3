import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  includeLine,
  quoteProxyArgument,
  removeSshHost,
  sshHostBlock,
  writeSshHost,
} from '../../../src/guest/sshConfig';
import { OpenSshServer } from './openSshServer';

const identity = { clientKeyFile: '/k/id', knownHostsFile: '/k/known' };

describe('ssh_config', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bulkhead config-'));
    file = join(folder, 'ssh_config');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is read by ssh as it was meant, with odd characters in every path', async () => {
    const odd = { clientKeyFile: '/a b/100%/"q"\\id', knownHostsFile: '/a b/%h/known' };
    const printer = ['printf', '%s|', 'a b', "it's", '%h', '$HOME', '`x`', '\\', ';', '*'];
    await writeSshHost(file, { machineId: 'm1', identity: odd, proxyCommand: printer });
    const shown = execFileSync('ssh', ['-F', file, '-G', 'bulkhead-m1']).toString();
    expect(shown).toContain('user root\n');
    expect(shown).toContain('hostkeyalias bulkhead-m1\n');
    expect(shown).toContain('stricthostkeychecking true\n');
    expect(shown).toContain('identitiesonly yes\n');
    const command = shown.match(/^proxycommand (.*)$/m)?.[1] ?? '';
    // ssh expands %% and then gives the line to the shell.
    const said = execFileSync('/bin/sh', ['-c', command.replaceAll('%%', '%')]).toString();
    expect(said).toBe(
      printer
        .slice(2)
        .map((text) => `${text}|`)
        .join(''),
    );
  });

  it('connects OpenSSH’s own client to a pinned server', async () => {
    const server = await OpenSshServer.start();
    try {
      await writeSshHost(file, {
        machineId: 'm1',
        identity: server.identity,
        proxyCommand: server.sshdCommand,
      });
      const ssh = [
        '-F',
        file,
        '-o',
        'BatchMode=yes',
        '-l',
        userInfo().username,
        'bulkhead-m1',
        'echo $((6*7))',
      ];
      expect(execFileSync('ssh', ssh).toString().trim()).toBe('42');
      const other = await OpenSshServer.start();
      try {
        await writeSshHost(file, {
          machineId: 'm1',
          identity: server.identity,
          proxyCommand: other.sshdCommand,
        });
        expect(() => execFileSync('ssh', ssh, { stdio: 'pipe' })).toThrow(/Host key verification failed/);
      } finally {
        await other.stop();
      }
    } finally {
      await server.stop();
    }
  });

  it('keeps one block a machine, also when several are written at once', async () => {
    const ids = Array.from({ length: 8 }, (_, index) => `m${index}`);
    await Promise.all(
      ids.map((machineId) => writeSshHost(file, { machineId, identity, proxyCommand: ['p', machineId] })),
    );
    await writeSshHost(file, { machineId: 'm3', identity, proxyCommand: ['new $& $1'] });
    await removeSshHost(file, 'm4');
    await removeSshHost(file, 'never');
    const text = await readFile(file, 'utf8');
    expect(text.match(/^Host bulkhead-(.*)$/gm)?.length).toBe(7);
    expect(text).toContain(sshHostBlock({ machineId: 'm3', identity, proxyCommand: ['new $& $1'] }));
    expect(text).not.toContain('bulkhead-m4');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('refuses what would end a line, and ids that are no ids', async () => {
    expect(() => sshHostBlock({ machineId: 'm1', identity, proxyCommand: ['a\nHost *'] })).toThrow();
    expect(() => sshHostBlock({ machineId: 'm1 *', identity, proxyCommand: ['a'] })).toThrow(/machine id/);
    expect(() =>
      sshHostBlock({
        machineId: 'm1',
        identity: { ...identity, clientKeyFile: '/x\n' },
        proxyCommand: ['a'],
      }),
    ).toThrow();
    await writeFile(file, 'garbage');
    await removeSshHost(file, 'x');
    expect(await readFile(file, 'utf8')).not.toContain('garbage');
  });

  it('quotes for Windows as its programs split it', () => {
    expect(quoteProxyArgument('C:\\Program Files\\node.exe', 'win32')).toBe('"C:\\Program Files\\node.exe"');
    expect(quoteProxyArgument('a "b" 100%\\', 'win32')).toBe('"a \\"b\\" 100%%\\\\"');
    expect(includeLine('C:\\Users\\a b\\ssh_config', 'win32')).toBe('Include "C:/Users/a b/ssh_config"');
  });
});
