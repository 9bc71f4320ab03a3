import { describe, expect, it } from 'vitest';
import { editorSettings } from '../../../src/settings/editorSettings';

describe('editorSettings', () => {
  it('names the settings of a file, not what is inside of their values', () => {
    const text =
      '{ "editor.tabSize": 2, "terminal.integrated.env.linux": { "PATH": "x" }, "files.exclude": {"a": true} }';
    expect(editorSettings(text, 'settings')).toEqual([
      'editor.tabSize',
      'terminal.integrated.env.linux',
      'files.exclude',
    ]);
  });

  it('sees what VS Code sees: keys in escapes, behind comments and errors, twice, nested by section', () => {
    const hidden = 'terminal.integrated.defaultProfile.linux';
    const texts = [
      `{ "\\u0074erminal.integrated.defaultProfile.linux": "x" }`,
      `{ /* " */ "${hidden}": "x" }`,
      `{ // it's "\n "${hidden}": "x" }`,
      `{ "${hidden}" /* : */ : "x", }`,
      `{ "editor.tabSize": , "${hidden}": "x"`,
      `{ "${hidden}": "x", "${hidden}": "y" }`,
      `\ufeff{ "${hidden}": "x" }`,
    ];
    for (const text of texts) {
      expect(editorSettings(text, 'settings'), text).toContain(hidden);
    }
    expect(editorSettings('{ "terminal": { "integrated": {} } }', 'settings')).toEqual(['terminal']);
  });

  it('looks into settings of languages', () => {
    const text =
      '{ "[python][c]": { "python.path": "x", "editor.rulers": [{ "deep.key": 1 }] }, "[odd": { "in.odd": 1 } }';
    expect(editorSettings(text, 'settings')).toEqual(['python.path', 'editor.rulers', '[odd']);
  });

  it('of a workspace file, names settings, and each section that could start something', () => {
    const text =
      '{ "folders": [{ "path": "." }], "settings": { "a.b": 1, "[x]": { "c.d": 1 } }, "tasks": { "version": "2.0.0" }, "extensions": {} }';
    expect(editorSettings(text, 'workspace')).toEqual(['a.b', 'c.d', 'tasks']);
  });

  it('cannot tell of a text that is too long, too deep, or has too many', () => {
    expect(editorSettings(`{ "a": "${'x'.repeat(1_100_000)}" }`, 'settings')).toBeUndefined();
    expect(editorSettings(`{ "a": ${'['.repeat(500_000)} }`, 'settings')).toBeUndefined();
    const many = Array.from({ length: 1_100 }, (_each, index) => `"k${index}": 1`).join(',');
    expect(editorSettings(`{ ${many} }`, 'settings')).toBeUndefined();
  });

  it('of nothing, and of no JSON, names nothing', () => {
    expect(editorSettings('', 'settings')).toEqual([]);
    expect(editorSettings('terminal.integrated.shell', 'settings')).toEqual([]);
  });
});
