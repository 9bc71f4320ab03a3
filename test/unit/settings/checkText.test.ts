import { join } from 'node:path';
import { applyEdits } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import { checkSettingsText } from '../../../src/settings/checkText';
import { remedyEdits } from '../../../src/settings/remedies';
import { settingsFileKind } from '../../../src/settings/settingsFiles';
import { workspace } from './workspaceFixture';

const check = (text: string) =>
  checkSettingsText({ path: '/w/.bulkhead.json', text, kind: 'bulkhead', onHost: false });

/** The text after the first remedy of its only problem. */
async function repaired(text: string, which = 0): Promise<string> {
  const problems = await check(text);
  expect(problems).toHaveLength(1);
  const remedy = problems[0]?.remedies?.[which];
  if (!remedy) {
    throw new Error(`no remedy for ${JSON.stringify(problems)}`);
  }
  return applyEdits(text, remedyEdits(text, remedy));
}

describe('checkSettingsText', () => {
  it('says all at once, of values that are wrong and of those that can’t be yet', async () => {
    const found = await check(
      '{"cpus": 0, "memry": 1, "attach": "browser", "network": {"mode": "full"}, "forwardPorts": [0]}',
    );
    expect(found.map(({ key, message, severity }) => [key, message, severity ?? 'error'])).toEqual([
      ['cpus', '0 is not a whole number from 1 to 64', 'error'],
      ['memry', 'unknown key', 'error'],
      ['attach', '"browser" is not supported yet', 'error'],
      ['network.mode', '"full" takes effect only once you agree to it', 'hint'],
      ['forwardPorts.0', '0 is not a port from 1 to 65535', 'error'],
    ]);
  });

  it.each(['', '{', '{"cpus": 1, "cpus": 2}', '{"cpus": }'])(
    'leaves %j to the editor’s JSON language',
    async (text) => {
      expect(await check(text)).toEqual([]);
    },
  );

  it.each([
    ['{"memry": "2gb"}', '{"memory": "2gb"}'],
    ['{"cpsu": 2}', '{"cpus": 2}'],
    ['{"memory": "2 gigabytes"}', '{"memory": "2gb"}'],
    ['{"memory": "2,5 GB"}', '{"memory": "2.5gb"}'],
    ['{"memory": "64mb"}', '{"memory": "128mb"}'],
    ['{"disk": 5}', '{"disk": "1gb"}'],
    ['{"cpus": "4"}', '{"cpus": 4}'],
    ['{"cpus": 100}', '{"cpus": 64}'],
    ['{"onClose": "Suspended"}', '{"onClose": "suspend"}'],
    ['{"forwardPorts": ["3000"]}', '{"forwardPorts": [3000]}'],
    ['{"idleTimeout": "30 minutes"}', '{"idleTimeout": "30m"}'],
    ['{"idleTimeout": "30d"}', '{"idleTimeout": "7d"}'],
    ['{"ssh": {"forwardAgent": "false"}}', '{"ssh": {"forwardAgent": false}}'],
    ['{"workspace": {"readOnly": true}}', '{"workspace": {}}'],
    ['{"network": {"mode": "full"}}', '{"network": {"mode": "allowlist"}}'],
    ['{"network": {"presets": ["NPM"]}}', '{"network": {"presets": ["npm"]}}'],
    ['{"credentials": {"git": ["*.example.org"]}}', '{"credentials": {"git": []}}'],
    ['{"cpus": 2, "image": "a", "build": {}}', '{"cpus": 2, "image": "a"}'],
    ['{"colour": "red"}', '{}'],
    ['{"cpus": "lots"}', '{}'],
  ])('%s becomes %s', async (before, after) => {
    expect(await repaired(before)).toBe(after);
  });

  it('takes the host out of an address', async () => {
    const text = '{"network": {"mode": "none", "allow": ["https://Example.org:8080/x"]}}';
    expect(await repaired(text)).toContain('["example.org:8080"]');
  });

  it('offers to keep the other one of image and build', async () => {
    expect(await repaired('{"image": "a", "build": {}}', 1)).toBe('{"build": {}}');
  });

  it('does not rename to a key that is there already', async () => {
    expect(await repaired('{"cpus": 1, "cpu": 2}')).toBe('{"cpus": 1}');
  });

  it('looks for the Dockerfile, relative to the workspace, also in an unsaved text', async () => {
    const folder = await workspace({ 'docker/Dockerfile': 'FROM scratch' });
    const text = (dockerfile: string) => JSON.stringify({ build: { dockerfile } });
    const file = (written: string) => ({
      path: join(folder, '.bulkhead.json'),
      text: text(written),
      kind: 'bulkhead' as const,
      onHost: true,
    });
    expect(await checkSettingsText(file('docker/Dockerfile'))).toEqual([]);
    expect(await checkSettingsText(file('Dockerfile'))).toMatchObject([
      { key: 'build.dockerfile', message: '"Dockerfile" does not exist' },
    ]);
    expect(await checkSettingsText(file('../Dockerfile'))).toMatchObject([
      { message: '"../Dockerfile" leads out of the workspace' },
    ]);
    expect(await checkSettingsText({ ...file('Dockerfile'), onHost: false })).toEqual([]);
  });

  it('of devcontainer.json only what is meant for Bulkhead', async () => {
    const folder = await workspace({ Dockerfile: 'FROM scratch' });
    const text = `{"image": 5, "dockerComposeFile": "x", "customizations": {"bulkhead": {"cpu": 1, "build": {}}}}`;
    const path = join(folder, '.devcontainer/a/devcontainer.json');
    const problems = await checkSettingsText({ path, text, kind: 'devcontainer', onHost: true });
    expect(problems).toMatchObject([{ key: 'customizations.bulkhead.cpu', message: 'unknown key' }]);
    const remedy = problems[0]?.remedies?.[0];
    expect(remedy && applyEdits(text, remedyEdits(text, remedy))).toContain('{"cpus": 1, "build": {}}');
    const other = await checkSettingsText({ path, text: '{"image": 5}', kind: 'devcontainer', onHost: true });
    expect(other).toEqual([]);
  });

  it('a remedy for what is gone changes nothing', () => {
    expect(remedyEdits('{}', { kind: 'replace', path: ['cpus'], value: 1 })).toEqual([]);
    expect(remedyEdits('{', { kind: 'remove', path: ['cpus'] })).toEqual([]);
  });

  it('knows settings files by their names', () => {
    expect(settingsFileKind('/a/.bulkhead.json')).toBe('bulkhead');
    expect(settingsFileKind('C:\\a\\.devcontainer\\devcontainer.json')).toBe('devcontainer');
    expect(settingsFileKind('/a/package.json')).toBeUndefined();
  });
});
