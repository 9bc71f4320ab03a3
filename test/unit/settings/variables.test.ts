import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  devcontainerId,
  substituteContainerEnv,
  substituteVariables,
  type VariableValues,
} from '../../../src/settings/variables';

const values: VariableValues = {
  localWorkspaceFolder: '/home/ada/app',
  containerWorkspaceFolder: '/workspaces/app-1',
  devcontainerId: 'id0',
};

describe('substituteVariables', () => {
  it.each([
    ['${localWorkspaceFolder}/x', '/home/ada/app/x'],
    ['${localWorkspaceFolderBasename}', 'app'],
    ['${containerWorkspaceFolder}', '/workspaces/app-1'],
    ['${containerWorkspaceFolderBasename}', 'app-1'],
    ['cache-${devcontainerId}-${devcontainerId}', 'cache-id0-id0'],
    ['${containerEnv:PATH}:/x', '${containerEnv:PATH}:/x'],
    ['${unknown} $HOME ${', '${unknown} $HOME ${'],
    ['${localEnv:PATH}', ''],
    ['${localEnv:NOT_SET:a:b}', 'a:b'],
    ['${env:HOME:/root}', '/root'],
  ])('%s → %s', (text, expected) => {
    expect(substituteVariables(text, values).text).toBe(expected);
  });

  it('says which variables of the host were asked for', () => {
    const { refusedHostVariables } = substituteVariables('${localEnv:A}${localEnv:B:x}${localEnv:A}', values);
    expect(refusedHostVariables).toEqual(['A', 'B']);
  });

  it("never lets a value of the host's environment through", () => {
    vi.stubEnv('BULKHEAD_TEST_SECRET', 'hunter2');
    onTestFinished(() => void vi.unstubAllEnvs());
    for (const name of ['localEnv', 'env', 'containerEnv', 'LOCALENV', ' localEnv']) {
      expect(substituteVariables(`\${${name}:BULKHEAD_TEST_SECRET}`, values).text).not.toContain('hunter2');
    }
  });

  it('bounds what it makes', () => {
    const { text } = substituteVariables('${localWorkspaceFolder}'.repeat(40_000), values);
    expect(text.length).toBeLessThanOrEqual(65_537);
    expect(substituteVariables('${'.repeat(400_000), values).text.length).toBeLessThanOrEqual(65_537);
  });

  it('does not read its own output again', () => {
    const odd = { ...values, localWorkspaceFolder: '/x/${devcontainerId}' };
    expect(substituteVariables('${localWorkspaceFolder}', odd).text).toBe('/x/${devcontainerId}');
    fc.assert(fc.property(fc.string(), (text) => typeof substituteVariables(text, odd).text === 'string'));
  });
});

describe('substituteContainerEnv', () => {
  it("takes the guest's variables, defaults, and nothing of the prototype", () => {
    const env = { PATH: '/bin', ODD: '$&$1' };
    expect(substituteContainerEnv('/x:${containerEnv:PATH}', env)).toBe('/x:/bin');
    expect(substituteContainerEnv('${containerEnv:ODD}', env)).toBe('$&$1');
    expect(substituteContainerEnv('[${containerEnv:NONE}${containerEnv:NONE:d}]', env)).toBe('[d]');
    expect(substituteContainerEnv('${containerEnv:constructor}', env)).toBe('');
    expect(substituteContainerEnv('${localEnv:PATH}', env)).toBe('${localEnv:PATH}');
  });
});

describe('devcontainerId', () => {
  it('is 52 base-32 digits, stable and different for each folder', () => {
    const id = devcontainerId('/a', '/a/.devcontainer.json');
    expect(id).toMatch(/^[0-9a-v]{52}$/);
    expect(devcontainerId('/a', '/a/.devcontainer.json')).toBe(id);
    expect(devcontainerId('/b', '/b/.devcontainer.json')).not.toBe(id);
  });
});
