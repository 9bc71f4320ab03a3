import { chmod, lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BulkheadError } from '../../../src/core/errors';
import { setBulkheadSetting } from '../../../src/settings/editBulkheadFile';
import { workspace } from './workspaceFixture';

const NAME = '.bulkhead.json';

describe('setBulkheadSetting', () => {
  it('makes the file', async () => {
    const folder = await workspace();
    await setBulkheadSetting(folder, ['network', 'mode'], 'full');
    expect(await readFile(join(folder, NAME), 'utf8')).toBe(
      '{\n  "network": {\n    "mode": "full"\n  }\n}\n',
    );
    expect((await lstat(join(folder, NAME))).mode & 0o777).toBe(0o644);
    expect(await readdir(folder)).toEqual([NAME]);
  });

  it('keeps comments, formatting and permissions', async () => {
    const folder = await workspace({ [NAME]: '{\n\t// mine\n\t"cpus": 2, // few\n}\n' });
    await chmod(join(folder, NAME), 0o640);
    await setBulkheadSetting(folder, ['onClose'], 'keep');
    await setBulkheadSetting(folder, ['cpus'], undefined);
    expect(await readFile(join(folder, NAME), 'utf8')).toBe('{\n\t// mine\n\t"onClose": "keep",\n}\n');
    expect((await lstat(join(folder, NAME))).mode & 0o777).toBe(0o640);
  });

  it('loses none of several edits at once', async () => {
    const folder = await workspace();
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => setBulkheadSetting(folder, ['build', 'args', name], name)),
    );
    expect(JSON.parse(await readFile(join(folder, NAME), 'utf8'))).toEqual({
      build: { args: { a: 'a', b: 'b', c: 'c', d: 'd' } },
    });
  });

  it('makes no file to take a key out of', async () => {
    const folder = await workspace();
    await setBulkheadSetting(folder, ['cpus'], undefined);
    expect(await readdir(folder)).toEqual([]);
  });

  it('fills an empty file', async () => {
    const folder = await workspace({ [NAME]: '\n' });
    await setBulkheadSetting(folder, ['cpus'], 1);
    expect(JSON.parse(await readFile(join(folder, NAME), 'utf8'))).toEqual({ cpus: 1 });
  });

  it.each([
    ['no JSON', '{"cpus": '],
    ['a key twice', '{"cpus": 1, "cpus": 2}'],
    ['a value where an object should be', '{"network": "none"}'],
    ['a list', '["a"]'],
    ['too large', `{"image": "${'x'.repeat(1024 ** 2)}"}`],
  ])('changes nothing in a file with %s, and says what to do', async (_, text) => {
    const folder = await workspace({ [NAME]: text });
    const error = await setBulkheadSetting(folder, ['network', 'mode'], 'none').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BulkheadError);
    expect(error).toMatchObject({ kind: 'usage', next: expect.any(String) });
    expect(await readFile(join(folder, NAME), 'utf8')).toBe(text);
  });

  it('follows no symlink and writes over no folder', async () => {
    const folder = await workspace({ 'real.json': '{}' });
    await symlink('real.json', join(folder, NAME));
    await expect(setBulkheadSetting(folder, ['cpus'], 1)).rejects.toThrow('it is a symlink');
    expect(await readFile(join(folder, 'real.json'), 'utf8')).toBe('{}');

    const other = await workspace();
    await mkdir(join(other, NAME));
    await expect(setBulkheadSetting(other, ['cpus'], 1)).rejects.toThrow('not a regular file');
  });

  it('does not make the folder', async () => {
    const folder = await workspace();
    await writeFile(join(folder, 'f'), '');
    await expect(setBulkheadSetting(join(folder, 'gone'), ['cpus'], 1)).rejects.toThrow(BulkheadError);
  });
});
