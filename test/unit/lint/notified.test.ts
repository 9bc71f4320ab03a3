import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const SOURCES = new URL('../../../src/', import.meta.url).pathname;
/** The one file that may show what VS Code reads links in. */
const NOTIFY = 'attach/notify.ts';

/** What shows a text with links: VS Code reads `[text](command:…)` in each, and a click runs the command. */
const SHOWS = /\b(?:show(?:Information|Warning|Error)Message|withProgress|showInputBox|createInputBox)\b/g;

/** Uses of these in `text`, but for modal questions, which are plain text, and for our own function of that name. */
function pastNotify(text: string): string[] {
  return [...text.matchAll(SHOWS)]
    .map((match) => text.slice(match.index - 1, match.index + 300))
    .filter((use) => use.startsWith('.') || use.startsWith('[') || use.startsWith("'"))
    .filter((use) => !/^\.show\w+Message\([^;]*?\{\s*modal: true/.test(use))
    .map((use) => use.split('\n')[0] ?? '');
}

test('every notification, progress and input box goes through attach/notify.ts', () => {
  const found = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && path !== NOTIFY)
    .flatMap((path) => pastNotify(readFileSync(join(SOURCES, path), 'utf8')).map((use) => `${path}: ${use}`));
  expect(found).toEqual([]);
});

test('attach/notify.ts makes plain what it shows', () => {
  const text = readFileSync(join(SOURCES, NOTIFY), 'utf8');
  const shown = [...text.matchAll(/vscode\.window\.(show\w+Message)\((.*)/g)];
  expect(shown.map(([, name]) => name)).toEqual([
    'showInformationMessage',
    'showWarningMessage',
    'showErrorMessage',
  ]);
  for (const [, , rest] of shown) {
    expect(rest).toMatch(/^forMessage\(message\), \.\.\.buttons\);$/);
  }
  expect(text).toContain('title: forMessage(options.title)');
  expect(text).toContain('progress.report({ message: forMessage(message) })');
  expect(text).toContain('prompt: forMessage(prompt)');
  expect(text).toContain(': forMessage(wrong)');
});

test('a new call past it is found', () => {
  for (const call of [
    'vscode.window.showWarningMessage(name)',
    'vscode.window\n  .showErrorMessage(`x`, button)',
    'window.showInformationMessage(t("x"), ok);\nshowWarningMessage(q, { modal: true }, yes)',
    'vscode.window.withProgress({ title }, work)',
    'vscode.window.showInputBox({ prompt })',
    'const show = vscode.window.showWarningMessage;',
    "vscode.window['showWarningMessage'](name)",
  ]) {
    expect(pastNotify(call), call).toHaveLength(1);
  }
});

test('modal questions and our own withProgress are none', () => {
  expect(
    pastNotify('vscode.window.showWarningMessage(\n  t("a {0}", b),\n  { modal: true, detail },'),
  ).toEqual([]);
  expect(pastNotify('await withProgress(title, log, work)')).toEqual([]);
});
