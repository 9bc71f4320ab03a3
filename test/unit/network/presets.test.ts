import { describe, expect, it } from 'vitest';
import type { CommandOutput, Guest } from '../../../src/guest/guest';
import type { NetworkPreset } from '../../../src/network/networkService';
import { hostOfAddress, isOfTheWeb, presetHosts } from '../../../src/network/presets';

const guest = (output: Partial<Omit<CommandOutput, 'stdout'>> & { stdout: string }): Guest =>
  ({
    machineId: 'm',
    run: async () => ({
      code: 0,
      truncated: false,
      stderr: Buffer.from(''),
      ...output,
      stdout: Buffer.from(output.stdout),
    }),
  }) as unknown as Guest;

describe('a tool’s hosts', () => {
  it.each<[NetworkPreset, string, string[]]>([
    [
      'npm',
      JSON.stringify({
        registry: 'https://npm.example.org/',
        '@own:registry': 'http://own.example.org:4873/x/',
        proxy: 'http://not.example.org/',
        '@a:b:registry': 'https://not.example.org/',
        '//npm.example.org/:_authToken': 'https://not.example.org/',
      }),
      ['npm.example.org', 'own.example.org:4873'],
    ],
    [
      'pip',
      'https://pip.example.org/simple\nhttps://files.example.org\n',
      ['files.example.org', 'pip.example.org'],
    ],
    ['apt', 'http://deb.example.org/debian\nhttp://deb.example.org/debian\nfile:/srv\n', ['deb.example.org']],
    [
      'git',
      'origin\thttps://user:secret@git.example.org/a.git (fetch)\norigin\tgit@ssh.example.org:a.git (push)\nx y\n',
      ['git.example.org'],
    ],
  ])('%s', async (preset, stdout, hosts) => {
    expect(await presetHosts(guest({ stdout }), preset, {})).toEqual(hosts);
  });

  it('have a port only if it is none of the web’s', () => {
    expect(hostOfAddress('https://a.test:443/')).toBe('a.test');
    expect(hostOfAddress('http://a.test:443/')).toBe('a.test');
    expect(hostOfAddress('https://a.test:80/')).toBe('a.test');
    expect(hostOfAddress('https://a.test:22/')).toBe('a.test:22');
    expect(['a.test', '*.a.test', 'a.test:22', 'a.test:443'].map(isOfTheWeb)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('that can’t be reached are none', () => {
    for (const address of [
      'http://127.0.0.1/',
      'http://[::1]/',
      'http://2130706433/',
      'http://localhost/',
      'ssh://git.example.org/',
      'javascript:alert(1)',
      'example.org',
      'http://a b/',
      '',
    ]) {
      expect(hostOfAddress(address)).toBeUndefined();
    }
  });

  it('are few', async () => {
    const stdout = Array.from({ length: 51 }, (_, n) => `http://h${n}.example.org/`).join('\n');
    await expect(presetHosts(guest({ stdout }), 'apt', {})).rejects.toThrow(/51 hosts; 50 is the most/);
  });

  it.each<[string, Parameters<typeof guest>[0], RegExp]>([
    ['a tool that is not there', { stdout: '', code: 127 }, /has no npm/],
    ['a tool that fails', { stdout: 'https://a.test/', code: 1 }, /exit code 1/],
    ['an answer without an end', { stdout: '{}', truncated: true }, /could not say/],
    ['an answer that is none', { stdout: '[[[' }, /names no host/],
    ['an answer of another kind', { stdout: '"https://a.test/"' }, /names no host/],
  ])('%s is an error', async (_name, output, message) => {
    await expect(presetHosts(guest(output), 'npm', {})).rejects.toThrow(message);
  });
});
