import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadOrCreateIdentity, removeIdentity } from '../../../src/guest/identity';
import {
  generateEd25519,
  knownHostsLine,
  parsePrivateKeyText,
  privateKeyText,
  publicKeyLine,
} from '../../../src/guest/keys';

describe('keys', () => {
  it('makes key texts that ssh2 reads, signs with and gets the same public key from', () => {
    for (let round = 0; round < 300; round++) {
      const key = generateEd25519();
      const text = privateKeyText(key, 'x'.repeat(round % 9));
      const parsed = ssh2.utils.parseKey(text);
      if (parsed instanceof Error) {
        throw parsed;
      }
      expect(publicKeyLine(key, 'c').split(' ')[1]).toBe(parsed.getPublicSSH().toString('base64'));
      expect(parsed.verify('data', parsed.sign('data'))).toBe(true);
      expect(parsePrivateKeyText(text)).toEqual(key);
    }
  });

  it('refuses a damaged key and text that could break out of a line', () => {
    const text = privateKeyText(generateEd25519(), 'c');
    for (let at = 40; at < text.length - 40; at += 7) {
      const broken = `${text.slice(0, at)}${text[at] === 'B' ? 'C' : 'B'}${text.slice(at + 1)}`;
      try {
        // Comment, padding and the repeated public key don't matter; what is read must be a whole key.
        expect(parsePrivateKeyText(broken).seed.length).toBe(32);
      } catch (error) {
        expect(error).toMatchObject({ name: 'BulkheadError' });
      }
    }
    expect(() => parsePrivateKeyText('')).toThrow(/damaged/);
    expect(() => knownHostsLine(generateEd25519(), 'a b\n')).toThrow(/alias/);
  });
});

describe('loadOrCreateIdentity', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bulkhead-keys-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('makes files that only the user can read and that ssh-keygen accepts, and loads the same again', async () => {
    const directory = join(folder, 'a/m1');
    const made = await loadOrCreateIdentity(directory, 'm1');
    expect(await loadOrCreateIdentity(directory, 'm1')).toEqual(made);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(directory)) {
      expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
    }
    const shown = execFileSync('ssh-keygen', ['-y', '-f', made.clientKeyFile]).toString().trim();
    expect(made.authorizedKey.startsWith(shown.split(' ').slice(0, 2).join(' '))).toBe(true);
    const known = await readFile(made.knownHostsFile, 'utf8');
    expect(known).toBe(`bulkhead-m1 ssh-ed25519 ${made.hostKeyBlob.toString('base64')}\n`);
    expect(execFileSync('ssh-keygen', ['-F', 'bulkhead-m1', '-f', made.knownHostsFile]).toString()).toContain(
      'm1',
    );
  });

  it('gives everybody the same keys when several ask at once, and leaves nothing half-made', async () => {
    const directory = join(folder, 'm1');
    const all = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateIdentity(directory, 'm1')));
    for (const one of all) {
      expect(one).toEqual(all[0]);
    }
    expect(await readdir(folder)).toEqual(['m1']);
    await removeIdentity(directory);
    await removeIdentity(directory);
    expect(await readdir(folder)).toEqual([]);
  });

  it('says what to do when the keys are damaged, and does not replace them', async () => {
    const directory = join(folder, 'm1');
    const { clientKeyFile } = await loadOrCreateIdentity(directory, 'm1');
    await writeFile(clientKeyFile, 'garbage');
    await expect(loadOrCreateIdentity(directory, 'm1')).rejects.toMatchObject({
      message: expect.stringContaining('damaged'),
      next: expect.stringContaining('bulkhead rm m1'),
    });
    expect(await readFile(clientKeyFile, 'utf8')).toBe('garbage');
  });
});
