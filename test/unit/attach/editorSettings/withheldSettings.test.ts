import { beforeEach, describe, expect, it } from 'vitest';
import { editorFileKind } from '../../../../src/attach/editorSettings/editorFile';
import { harmlessSettings } from '../../../../src/attach/editorSettings/harmlessSettings';
import { type Withheld, WithheldSettings } from '../../../../src/attach/editorSettings/withheldSettings';
import { editorSettings } from '../../../../src/settings/editorSettings';
import { fakeMemory } from '../memory';

const PATH = '/workspaces/app/.vscode/settings.json';
const EVIL = '{ "terminal.integrated.defaultProfile.linux": "evil" }';

describe('editorFileKind', () => {
  it('knows the files that VS Code obeys, anywhere and in any case', () => {
    expect(editorFileKind(PATH)).toBe('settings');
    expect(editorFileKind('/a/.VSCode/Settings.JSON')).toBe('settings');
    expect(editorFileKind('/a/.vscode/mcp.json')).toBe('servers');
    expect(editorFileKind('/a/x.code-workspace')).toBe('workspace');
  });

  it('leaves all others alone', () => {
    for (const path of [
      '/settings.json',
      '/a/settings.json',
      '/a/.vscode/tasks.json',
      '/a/.vscode/constructor',
      '/',
    ]) {
      expect(editorFileKind(path), path).toBeUndefined();
    }
  });
});

describe('WithheldSettings', () => {
  let memory: ReturnType<typeof fakeMemory>;
  let settings: WithheldSettings;
  let told: Withheld[];

  const open = () => {
    settings = new WithheldSettings(
      { editorSettings: async (text, kind) => editorSettings(text, kind) },
      memory,
      () => harmlessSettings([]),
    );
    settings.onDidWithhold((found) => told.push(found));
  };
  const look = (text: string, path = PATH, id = 'm') => settings.look(id, path, Buffer.from(text));

  beforeEach(() => {
    memory = fakeMemory();
    told = [];
    open();
  });

  it('keeps a file that names a program from VS Code, and says why', async () => {
    expect(await look(EVIL)).toMatchObject({
      keys: ['terminal.integrated.defaultProfile.linux'],
      path: PATH,
    });
    expect(told).toHaveLength(1);
  });

  it('lets harmless settings, and every other file, through', async () => {
    expect(await look('{ "editor.tabSize": 2 }')).toBeUndefined();
    expect(await look(EVIL, '/workspaces/app/src/settings.json')).toBeUndefined();
    expect(told).toEqual([]);
  });

  it('keeps back each server for language models, and what cannot be read', async () => {
    expect(await look('{ "servers": {} }', '/a/.vscode/mcp.json')).toMatchObject({ keys: ['servers'] });
    expect(await look(`{ "a": ${'['.repeat(500_000)} }`)).toMatchObject({ keys: [] });
  });

  it('an agreement counts for these bytes, on this machine, in later windows too', async () => {
    const found = await look(EVIL);
    const changed: string[] = [];
    settings.onDidAgree(({ path }) => changed.push(path));
    await settings.agree(found as Withheld);
    expect(changed).toEqual([PATH]);
    open();
    expect(await look(EVIL)).toBeUndefined();
    expect(await look(`${EVIL} `)).toBeDefined();
    expect(await look(EVIL, PATH, 'other')).toBeDefined();
  });

  it('what the editor wrote itself it may read again', async () => {
    await settings.wrote('m', PATH, Buffer.from(EVIL));
    expect(await look(EVIL)).toBeUndefined();
    await settings.wrote('m', '/a/b.txt', Buffer.from('x'));
    expect(memory.entries.size).toBe(1);
  });

  it('remembers a bounded number of contents', async () => {
    for (let index = 0; index < 120; index += 1) {
      await settings.wrote('m', PATH, Buffer.from(String(index)));
    }
    expect(JSON.parse(memory.entries.get('editorSettings:m') ?? '[]')).toHaveLength(50);
  });
});
