import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'vitest';
import { harmlessSettings } from '../../../src/attach/editorSettings/harmlessSettings';
import { WithheldSettings } from '../../../src/attach/editorSettings/withheldSettings';
import { editorSettings } from '../../../src/settings/editorSettings';
import { fakeMemory } from '../../unit/attach/memory';
import { attack } from '../attack';

const ROOT = resolve(__dirname, '../../..');
/** Ways to write one key that VS Code's tolerant parser reads, and a careless one does not. */
const SPELLINGS = (key: string) => [
  `{ "${key}": X }`,
  `{ "\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}": X }`,
  `{ /* " */ "${key}": X }`,
  `{ // it's "\n"${key}": X }`,
  `{ "editor.tabSize": , "${key}" /* : */ : X,, `,
  `{ "${key}": X, "${key}": X, "editor.tabSize": 2 }`,
  `{ "[python]": { "${key}": X } }`,
  `\ufeff{ "${key}": X }`,
];
const PROGRAMS = [
  'terminal.integrated.profiles.linux',
  'terminal.integrated.automationProfile.linux',
  'terminal.integrated.env.linux',
  'terminal.external.linuxExec',
  'terminal',
  'php.validate.executablePath',
  'python.defaultInterpreterPath',
  'typescript.tsdk',
  'git.path',
  'mcp',
];

attack(
  {
    id: 'editor-settings-programs',
    from: 'guest',
    tries:
      'Writes settings into the VM’s settings.json, workspace file and mcp.json that name programs VS Code would start on this computer, with keys in escapes, behind comments and errors, twice and per language.',
    holds:
      'VS Code does not get the file: a notification names the settings, and only these bytes count once the user agrees.',
    promise: 'editor-settings',
  },
  async () => {
    const manifest: unknown = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8'));
    const php = {
      capabilities: {
        untrustedWorkspaces: {
          supported: 'limited',
          restrictedConfigurations: ['php.validate.executablePath'],
        },
      },
      contributes: {
        configuration: { properties: { 'php.validate.executablePath': {}, 'php.validate.enable': {} } },
      },
    };
    const isHarmless = harmlessSettings([{ packageJSON: manifest }, { packageJSON: php }]);
    const settings = new WithheldSettings(
      { editorSettings: async (text, kind) => editorSettings(text, kind) },
      fakeMemory(),
      () => isHarmless,
    );
    const look = (path: string, text: string) => settings.look('vm', path, Buffer.from(text));
    let tried = 0;
    for (const key of PROGRAMS) {
      for (const spelling of SPELLINGS(key)) {
        const text = spelling.replaceAll('X', '{ "path": "/bin/sh", "args": ["-c", "id"] }');
        expect(await look('/w/.vscode/settings.json', text), text).toBeDefined();
        expect(
          await look('/w/x.code-workspace', `{ "settings": ${text.replace('\ufeff', '')}`),
          text,
        ).toBeDefined();
        tried += 2;
      }
    }
    expect(await look('/w/.vscode/mcp.json', '{"servers":{"x":{"command":"sh"}}}')).toBeDefined();
    expect(await look('/w/x.code-workspace', '{"folders":[],"tasks":{"tasks":[]}}')).toBeDefined();
    expect(await look('/w/.vscode/settings.json', `{"a":${'['.repeat(200_000)}`)).toBeDefined();
    // The control: what a folder says of how its text looks still counts.
    expect(
      await look(
        '/w/.vscode/settings.json',
        '{"editor.tabSize":2,"php.validate.enable":true,"files.exclude":{}}',
      ),
    ).toBeUndefined();
    return `${tried + 3} files kept from the editor`;
  },
);
