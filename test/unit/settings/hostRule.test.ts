import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { deniedHosts } from '../../../src/attach/newDenials';
import { hostOf, policyText } from '../../../src/network/networkRules';
import type { NetworkRow } from '../../../src/network/networkService';
import { allowedHost, gitHost } from '../../../src/settings/hostPattern';
import { isAllowableName, letsThrough, readHostPattern } from '../../../src/settings/hostRule';
import { HOSTS, MATCHES, NO_HOSTS } from './hostVectors';

const PROGRAM = resolve(__dirname, '../../../guest/proxy/decide.pl');

/** The answers of guest/proxy/decide.pl to CONNECT and, on port 80, plain requests. */
async function decided(policy: string, asked: readonly (readonly [string, number])[]): Promise<boolean[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-vectors-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'policy'), policy);
  const program = spawn('perl', [PROGRAM], {
    env: { ...process.env, BULKHEAD_POLICY: join(folder, 'policy') },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = asked.map(
    ([host, port], channel) =>
      `${channel} ${port === 80 ? 'GET' : 'CONNECT'} ${host} ${port} 40000 - request\n`,
  );
  program.stdin.end(lines.join(''));
  const answers = (await text(program.stdout)).trimEnd().split('\n');
  return asked.map((_, channel) => answers.includes(`${channel} OK`));
}

const row = (host: string): NetworkRow => ({
  host,
  port: 443,
  allowed: false,
  reason: 'host',
  count: 1,
  deniedCount: 1,
  receivedBytes: 0,
  firstAt: 1,
  lastAt: 1,
});

describe('a host', () => {
  it.each(HOSTS)('%s is one for a settings file, a rule, a denial and git alike', (host) => {
    for (const written of [host, `*.${host}`, `${host}:8443`, `*.${host}:65535`]) {
      expect(allowedHost.safeParse(written)).toEqual({ success: true, data: written });
      expect(hostOf(written)).toBe(written);
    }
    expect(gitHost.safeParse(host).success).toBe(true);
    expect(isAllowableName(host)).toBe(true);
    expect(deniedHosts([row(host)], 0)).toEqual([{ host, port: 443 }]);
  });

  it.each(NO_HOSTS)('%j is none for any of them', (host) => {
    for (const written of [host, `*.${host}`, `${host}:8443`]) {
      expect(allowedHost.safeParse(written).success).toBe(false);
      expect(() => hostOf(written)).toThrow(expect.objectContaining({ kind: 'usage' }));
    }
    expect(gitHost.safeParse(host).success).toBe(false);
    expect(deniedHosts([row(host)], 0)).toEqual([]);
  });

  it.each(['0', '65536', '080', '99999', '', '8 0', '-1'])('has no port %j', (port) => {
    expect(readHostPattern(`example.org:${port}`)).toBeUndefined();
    expect(allowedHost.safeParse(`example.org:${port}`).success).toBe(false);
  });

  it('that names this computer or the VM is offered to nobody', () => {
    expect(deniedHosts([row('localhost'), row('a.localhost')], 0)).toEqual([]);
  });

  it('is one for the proxy too', async () => {
    const policy = policyText(
      'allowlist',
      HOSTS.map((host) => ({ host, from: 'machine' })),
    );
    expect(
      await decided(
        policy,
        HOSTS.map((host) => [host, 443]),
      ),
    ).toEqual(HOSTS.map(() => true));
  });
});

describe('what a rule lets through', () => {
  it.each(MATCHES)('%s: %s:%i is %s', (rule, host, port, expected) => {
    expect(letsThrough(rule, host, port)).toBe(expected);
  });

  it('is what the proxy lets through', async () => {
    for (const rule of new Set(MATCHES.map(([each]) => each))) {
      const asked = MATCHES.filter(([each]) => each === rule);
      const answers = await decided(
        policyText('allowlist', [{ host: rule, from: 'machine' }]),
        asked.map(([, host, port]) => [host, port]),
      );
      expect([rule, answers]).toEqual([rule, asked.map(([, , , expected]) => expected)]);
    }
  });

  it('is nothing if it is none', () => {
    expect(letsThrough('', '', 443)).toBe(false);
    expect(letsThrough('*.', 'a.test', 443)).toBe(false);
    expect(letsThrough('full\nend', 'full', 443)).toBe(false);
  });
});
