import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SCHEME } from '../../../src/attach/machineUri';
import { TASK_TYPE } from '../../../src/attach/taskDefinition';
import { EDITOR_SETTINGS, GLANCE_SETTING, SECTION, USER_SETTINGS } from '../../../src/attach/userSettings';
import { COMMAND_IDS } from '../../../src/commands/commandIds';

const read = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const manifest = JSON.parse(read('package.json'));
const texts: Record<string, string> = JSON.parse(read('package.nls.json'));
const { contributes } = manifest;

test('package.json and the code name the same commands', () => {
  const commands: { command: string }[] = contributes.commands;
  expect(commands.map(({ command }) => command).sort()).toEqual(Object.values(COMMAND_IDS).sort());
});

test('menus name only commands that there are', () => {
  const items = Object.values(contributes.menus).flat() as { command: string }[];
  for (const { command } of items) {
    expect(Object.values(COMMAND_IDS)).toContain(command);
  }
});

test('package.json and the code name the same settings, and no workspace can set one', () => {
  const properties: Record<string, { scope: string }> = contributes.configuration.properties;
  const known = [...USER_SETTINGS, ...EDITOR_SETTINGS].map((key) => `${SECTION}.${key}`);
  expect(Object.keys(properties).sort()).toEqual(known.sort());
  for (const [key, { scope }] of Object.entries(properties)) {
    // What the status bar shows is the user's, on whatever computer the window's extensions run.
    const expected = key === `${SECTION}.${GLANCE_SETTING}` ? 'application' : 'machine';
    expect([key, scope]).toEqual([key, expected]);
  }
});

test('every text of package.json is there, and none is left over', () => {
  const used = [...read('package.json').matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key);
  expect([...new Set(used)].sort()).toEqual(Object.keys(texts).sort());
});

test('the scheme, the task type and the terminal profile are contributed', () => {
  expect(manifest.activationEvents).toContain(`onFileSystem:${SCHEME}`);
  expect(contributes.taskDefinitions.map(({ type }: { type: string }) => type)).toEqual([TASK_TYPE]);
  expect(read('src/attach/terminalProfile.ts')).toContain(`'${contributes.terminal.profiles[0].id}'`);
});

test('the extension works in untrusted and virtual workspaces', () => {
  expect(manifest.capabilities).toEqual({
    untrustedWorkspaces: { supported: true },
    virtualWorkspaces: true,
  });
});

test('extension.ts only composes', () => {
  expect(read('src/extension.ts').split('\n').length).toBeLessThan(100);
});

test('texts have links to commands and views that there are', () => {
  const views = (Object.values(contributes.views).flat() as { id: string }[]).map(({ id }) => `${id}.focus`);
  const known: string[] = [...Object.values(COMMAND_IDS), ...views];
  const links = Object.values(texts).flatMap((text) => [...text.matchAll(/\(command:([\w.]+)\)/g)]);
  expect(links.length).toBeGreaterThan(5);
  expect(links.map(([, id]) => id).filter((id) => !known.includes(id ?? ''))).toEqual([]);
});

test('the walkthrough is whole: its pictures are there, and its steps are ticked off by what there is', () => {
  interface Step {
    id: string;
    media: { svg: string };
    completionEvents: string[];
  }
  const steps: Step[] = contributes.walkthroughs[0].steps;
  expect(steps.map(({ id }) => id)).toEqual([
    'checkSystem',
    'openExample',
    'resources',
    'network',
    'bringBack',
  ]);
  for (const { media, completionEvents } of steps) {
    expect(read(media.svg)).toMatch(/^<svg [\s\S]*<title>[^<]+<\/title>/);
    for (const event of completionEvents) {
      const [kind, id] = event.split(':');
      if (kind === 'onCommand') {
        expect(Object.values(COMMAND_IDS)).toContain(id);
      } else if (kind === 'onView') {
        const views = Object.values(contributes.views).flat() as { id: string }[];
        expect(views.map((view) => view.id)).toContain(id);
      } else {
        expect(event).toBe('onContext:bulkhead.attached');
        expect(read('src/commands/attachProgress.ts')).toContain("'bulkhead.attached'");
      }
    }
  }
});
