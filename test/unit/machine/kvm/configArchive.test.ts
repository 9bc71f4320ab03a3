import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { configDisk, configUpload } from '../../../../src/machine/kvm/configArchive';
import { SPEC } from './spec';

async function filesOf(
  archive: Buffer,
): Promise<Map<string, { mode: number; uid: number; content: Buffer }>> {
  const files = new Map<string, { mode: number; uid: number; content: Buffer }>();
  const reader = extract();
  Readable.from([archive]).pipe(reader);
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) {
      chunks.push(chunk as Buffer);
    }
    const { name, mode = 0, uid = 0 } = entry.header;
    files.set(name, { mode, uid, content: Buffer.concat(chunks) });
  }
  return files;
}

describe('the config disk', () => {
  it('holds what init and the agent read, for root only', async () => {
    const guest = { ...SPEC.guest, env: { A: '1', B: 'two\nlines = fine' } };
    const files = await filesOf(await configDisk(guest, 'abc'));
    expect([...files.keys()].sort()).toEqual([
      'authorized_keys',
      'env',
      'generation',
      'hostname',
      'ssh_host_ed25519_key',
      'user',
      'workspace',
    ]);
    expect([...files.values()].every(({ mode, uid }) => mode === 0o600 && uid === 0)).toBe(true);
    expect(files.get('env')?.content.toString()).toBe('A=1\0B=two\nlines = fine\0');
    expect(files.get('workspace')?.content.toString()).toBe('/workspaces/shop\n');
  });

  it('is a whole number of sectors, so that a virtio disk shows all of it', async () => {
    expect((await configDisk(SPEC.guest, 'abc')).length % 512).toBe(0);
  });

  it('goes to the jail’s account', async () => {
    const files = await filesOf(await configUpload(SPEC.guest, 'abc'));
    expect(files.get('config.tar')).toMatchObject({ uid: 1234, mode: 0o600 });
  });

  it.each([
    { hostname: 'a\nb' },
    { user: 'root\0' },
    { workspaceFolder: '/w\nroot' },
    { env: { 'A=B': '1' } },
    { env: { '': '1' } },
    { env: { A: 'x\0B=2' } },
  ])('refuses what would forge another line or variable: %j', async (change) => {
    await expect(configDisk({ ...SPEC.guest, ...change }, 'abc')).rejects.toMatchObject({ kind: 'usage' });
  });
});
