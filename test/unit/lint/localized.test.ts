import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const SOURCES = new URL('../../../src/', import.meta.url).pathname;

/** The rooms that talk to the user of the editor. */
function* sources(): Generator<[string, string]> {
  for (const room of ['attach', 'commands', 'views']) {
    for (const entry of readdirSync(join(SOURCES, room), { recursive: true, encoding: 'utf8' })) {
      if (entry.endsWith('.ts')) {
        yield [`${room}/${entry}`, readFileSync(join(SOURCES, room, entry), 'utf8')];
      }
    }
  }
}

/** Calls that show their first argument, and properties that are shown, with a literal that is not localized. */
const RAW = [
  /\bshow(?:Information|Warning|Failure|(?:Information|Warning|Error)Message)\(\s*['"`]/g,
  /\bsetStatusBarMessage\(\s*['"`]/g,
  /\bcreateWebviewPanel\(\s*[^,]+,\s*['"`]/g,
  /\b(?:title|label|detail|placeHolder|placeholder|openLabel|prompt|tooltip):\s*['"`](?:\$\([\w~-]+\)\s*)?[A-Z][a-z]/g,
];

test('whatever the editor shows goes through vscode.l10n', () => {
  const raw = [...sources()].flatMap(([path, text]) =>
    RAW.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => `${path}: ${match[0]}`)),
  );
  expect(raw).toEqual([]);
});

test('the patterns find what they are for', () => {
  const found = RAW.map((pattern) =>
    [
      "showErrorMessage('No')",
      'setStatusBarMessage(`x`)',
      "createWebviewPanel(VIEW, 'Title')",
      "label: '$(trash) Remove'",
    ].some((text) => text.search(pattern) >= 0),
  );
  expect(found).toEqual([true, true, true, true]);
});

test('placeholders of a localized text and its arguments agree', () => {
  const wrong = [...sources()].flatMap(([path, text]) =>
    [...text.matchAll(/\bt\(\s*'((?:[^'\\]|\\.)*)',?\s*\)/g)]
      .filter(([, message]) => /\{\d\}/.test(message ?? ''))
      .map(([, message]) => `${path}: ${message}`),
  );
  expect(wrong).toEqual([]);
});
