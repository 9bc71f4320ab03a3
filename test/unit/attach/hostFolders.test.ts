import { expect, test } from 'vitest';
import { HostFolders, type Memory } from '../../../src/attach/hostFolders';

function memory(): Memory {
  const values = new Map<string, unknown>();
  return {
    get: <T>(key: string) => values.get(key) as T | undefined,
    update: async (key, value) => {
      values.set(key, value);
    },
  };
}

test('remembers where a machine comes from until it is forgotten', async () => {
  const folders = new HostFolders(memory());
  expect(folders.folderOf('m')).toBeUndefined();
  await folders.remember('m', '/home/me/app');
  expect(folders.folderOf('m')).toBe('/home/me/app');
  await folders.forget('m');
  expect(folders.folderOf('m')).toBeUndefined();
});

test('notices are for one window: they are taken once', async () => {
  const folders = new HostFolders(memory());
  await folders.leaveNotices('m', ['no network']);
  expect(await folders.takeNotices('m')).toEqual(['no network']);
  expect(await folders.takeNotices('m')).toEqual([]);
});
