import { expect, test } from 'vitest';
import { harmlessSettings } from '../../../../src/attach/editorSettings/harmlessSettings';

const extension = (untrustedWorkspaces: unknown, properties: Record<string, object>, asList = false) => ({
  packageJSON: {
    capabilities: { untrustedWorkspaces },
    contributes: { configuration: asList ? [{ properties }] : { properties } },
  },
});

test('of VS Code’s own sections only those that can start nothing are harmless', () => {
  const isHarmless = harmlessSettings([]);
  for (const key of ['editor.tabSize', 'editor', 'files.exclude', 'search.exclude', 'workbench.colorTheme']) {
    expect(isHarmless(key), key).toBe(true);
  }
  for (const key of [
    'terminal.integrated.profiles.linux',
    'terminal',
    'task.allowAutomaticTasks',
    'debug.javascript.terminalOptions',
    'chat.mcp.enabled',
    'editorial.x',
    'workbench.x',
    'unknown.path',
    '',
  ]) {
    expect(isHarmless(key), key).toBe(false);
  }
});

test('an extension vouches for the settings that it takes from folders that are not trusted', () => {
  const properties = { 'php.validate.enable': {}, 'php.validate.executablePath': {} };
  const limited = { supported: 'limited', restrictedConfigurations: ['php.validate.executablePath'] };
  for (const asList of [false, true]) {
    const isHarmless = harmlessSettings([extension(limited, properties, asList)]);
    expect(isHarmless('php.validate.enable')).toBe(true);
    expect(isHarmless('php.validate.executablePath')).toBe(false);
  }
});

test('an extension that says nothing, or does not work there, vouches for none but those of the user’s scope', () => {
  const properties = { 'git.path': {}, 'git.enabled': { scope: 'machine' } };
  for (const trust of [undefined, { supported: false }, 'true', { supported: 'yes' }]) {
    const isHarmless = harmlessSettings([extension(trust, properties)]);
    expect(isHarmless('git.path')).toBe(false);
    expect(isHarmless('git.enabled')).toBe(true);
  }
});

test('manifests of any shape are read', () => {
  const odd = [
    null,
    1,
    {},
    { contributes: null },
    { contributes: { configuration: [null, 1, { properties: 'x' }] } },
  ];
  expect(harmlessSettings(odd.map((packageJSON) => ({ packageJSON })))('terminal.x')).toBe(false);
});
