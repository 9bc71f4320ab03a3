// What a person sees when it goes wrong, or when they change their mind.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../harness/eventually.mjs';
import { Workbench } from '../harness/workbench.mjs';

/** @param {{ page: import('playwright-core').Page, url: string, results: any, cli: any, example: Function }} suite */
export async function cancelAndFailure({ page, url, results, cli, example }) {
  const window = new Workbench(page, url);
  const folder = await example('bare', 'cancelled');
  /** @param {string} path */
  const machinesOf = async (path) => (await cli.list()).filter((machine) => machine.folder === path);

  await results.test('from an empty window: the command asks for a folder', async () => {
    await window.open();
    await window.runCommand('Bulkhead: Open in Isolated VM');
    const input = page.locator('.quick-input-widget input.input');
    await input.waitFor();
    await input.fill(`${folder}/`);
    await page.locator('.quick-input-widget .monaco-button', { hasText: 'Open in Isolated VM' }).waitFor();
    await results.picture('choose-folder');
  });

  await results.test('Cancel stops the opening and leaves the window as it was', async () => {
    await page.locator('.quick-input-widget .monaco-button', { hasText: 'Open in Isolated VM' }).click();
    const toast = window.toast(/Opening .* in an isolated VM/);
    await toast.filter({ hasText: /\d\/9 / }).waitFor();
    await window.pressInToast(/Opening .* in an isolated VM/, 'Cancel');
    await toast.waitFor({ state: 'detached', timeout: 120_000 });
    if (window.folder() !== '') {
      throw new Error(`the window shows ${window.folder()}`);
    }
  });

  await results.test(
    'bad settings: the reason, what to do, Show Log and Retry; no machine is left',
    async () => {
      const bad = await example('bare', 'broken');
      await writeFile(join(bad, '.bulkhead.json'), '{\n  "memory": "lots"\n}\n');
      await window.open(bad);
      await window.file('.bulkhead.json').waitFor();
      await window.runCommand('Bulkhead: Open in Isolated VM');
      const toast = window.toast('memory');
      await toast.waitFor({ timeout: 120_000 });
      await results.picture('bad-settings');
      await toast.locator('.monaco-button', { hasText: 'Show Log' }).waitFor();
      const before = await machinesOf(bad);
      if (before.length > 0) {
        throw new Error(`left behind: ${JSON.stringify(before)}`);
      }
      await writeFile(join(bad, '.bulkhead.json'), '{ "memory": "lots of it" }\n');
      await window.pressInToast('memory', 'Retry');
      await window.toast('memory').waitFor({ timeout: 120_000 });
    },
  );

  await results.test('the settings file is checked while it is edited', async () => {
    await window.openFile('.bulkhead.json');
    await page.locator('.squiggly-error').first().waitFor();
    await results.picture('settings-problem');
  });

  await results.test('the context menu of a folder in the explorer offers it', async () => {
    await mkdir(join(folder, 'sub'));
    await window.open(folder);
    const item = page.locator('.context-view .action-label', { hasText: 'Open in Isolated VM' });
    // Extensions' entries come a moment after the window: a menu that is opened before them stays without.
    await eventually('the context menu has the command', async () => {
      await page.keyboard.press('Escape');
      await window.file('sub').click({ button: 'right' });
      return item.waitFor({ timeout: 3_000 }).then(
        () => true,
        () => false,
      );
    });
    await results.picture('context-menu');
    await page.keyboard.press('Escape');
  });

  await results.test('Show Log shows the log', async () => {
    // The context menu's closing can swallow the first key of what comes next.
    await eventually('the panel shows the log', async () => {
      await window.runCommand('Bulkhead: Show Log');
      return page
        .locator('.panel .monaco-editor')
        .first()
        .waitFor({ timeout: 3_000 })
        .then(
          () => true,
          () => false,
        );
    });
    await results.picture('log');
  });
}
