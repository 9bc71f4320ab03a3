import { mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chosenOnClose } from '../../../src/app/chosenOnClose';
import { DataFolder } from '../../../src/app/dataFolder';
import {
  chooseOnClose,
  chooseWorkspace,
  readChoices,
  removeChoices,
  withChoices,
  withChosenWorkspace,
} from '../../../src/app/machineChoices';
import { silentLog } from '../../../src/core/log';
import { machineId } from '../../../src/settings/machineId';
import { INFO } from '../attach/attachApp';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-choices-'));
  file = join(folder, 'choices', 'app-1.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a machine without a choice is as its labels say', async () => {
  const labelled = { ...INFO, onClose: 'stop' as const };
  expect(await withChoices(labelled, file, silentLog)).toEqual(labelled);
  expect(chosenOnClose(file)).toBeUndefined();
});

test('a choice goes over the labels, for its owner only, and can be taken back', async () => {
  await chooseOnClose(file, 'keep', silentLog);
  const labelled = { ...INFO, onClose: 'stop' as const };
  expect(await withChoices(labelled, file, silentLog)).toEqual({
    ...INFO,
    onClose: 'keep',
    onCloseChosen: true,
  });
  expect(chosenOnClose(file)).toBe('keep');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await chooseOnClose(file, undefined, silentLog);
  expect(await withChoices(labelled, file, silentLog)).toEqual(labelled);
  await expect(stat(file)).rejects.toThrow('ENOENT');
});

test('what another version has put into the file stays', async () => {
  await chooseOnClose(file, 'keep', silentLog);
  await writeFile(file, JSON.stringify({ onClose: 'keep', later: 1 }));
  await chooseOnClose(file, undefined, silentLog);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ later: 1 });
  await removeChoices(file);
  expect(await readChoices(file, silentLog)).toEqual({});
});

test.each(['', '{', '{"onClose": "explode"}', '[]'])('a damaged file (%j) chooses nothing', async (text) => {
  await writeFile(join(folder, 'm.json'), text);
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
  expect(await readChoices(join(folder, 'm.json'), log)).toEqual({});
  expect(chosenOnClose(join(folder, 'm.json'))).toBeUndefined();
  expect(warnings).toHaveLength(1);
});

test('what was chosen for the workspace is as good as said on the command line, and the command goes before it', async () => {
  const real = await realpath(folder);
  const services = { data: new DataFolder(join(real, 'data')), log: silentLog };
  const options = { overrides: { cpus: 4, workspace: { exclude: ['x'] } } };
  expect(await withChosenWorkspace(services, real, options)).toBe(options);
  const choices = services.data.choices(machineId(real));
  await chooseOnClose(choices, 'keep', silentLog);
  await chooseWorkspace(choices, { mode: 'mount', readOnly: true }, silentLog);
  expect(await readChoices(choices, silentLog)).toMatchObject({ onClose: 'keep' });
  expect((await withChosenWorkspace(services, real, options)).overrides).toEqual({
    cpus: 4,
    workspace: { mode: 'mount', readOnly: true, exclude: ['x'] },
  });
  const now = await withChosenWorkspace(services, real, { workspace: { mode: 'copy', readOnly: false } });
  expect(now).toMatchObject({ overrides: { workspace: { mode: 'copy' } } });
  const asked = { overrides: { workspace: { mode: 'copy' } } };
  expect((await withChosenWorkspace(services, real, asked)).overrides.workspace).toMatchObject({
    mode: 'copy',
  });
});

test('a folder that is not there is left to whoever reads it', async () => {
  const services = { data: new DataFolder(folder), log: silentLog };
  const options = { overrides: {} };
  expect(await withChosenWorkspace(services, join(folder, 'gone'), options)).toBe(options);
});
