// The settings file: made from a template, completed, explained, checked and repaired in the editor, and applied to a machine.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../harness/eventually.mjs';
import { Workbench } from '../harness/workbench.mjs';

/** The first machine of a run may have to build the kit, and boots under emulation on most test machines. */
const FIRST_UP_MS = 900_000;
const BRING_UP_MS = 300_000;
const NAME = '.bulkhead.json';

const WRONG = '{\n  "cpsu": 2,\n  "memory": "512 megabytes",\n  "attach": "browser"\n}\n';

/** @param {{ page: import('playwright-core').Page, url: string, results: any, cli: any, example: Function }} suite */
export async function settings({ page, url, results, cli, example }) {
  const window = new Workbench(page, url);
  const folder = await example('bare', `settings-${process.pid}`);
  const file = join(folder, NAME);
  const onHost = () => readFile(file, 'utf8');
  /** @param {string} text */
  const inEditor = (text) =>
    eventually(`the editor shows ${text}`, async () => (await window.editorText()).includes(text));
  const problems = page.locator('.markers-panel .monaco-list-row');
  /** Puts the cursor into a word of the file. @param {string} word */
  const clickOn = (word) =>
    window.editor().locator('.view-line span span', { hasText: word }).first().click();
  /** Runs a quick fix where the cursor is. @param {string} word @param {string} title */
  const fix = async (word, title) => {
    await eventually(`the lightbulb on ${word} offers ${title}`, async () => {
      await page.keyboard.press('Escape');
      await clickOn(word);
      await page.keyboard.press('Control+.');
      await page
        .locator('.action-widget .monaco-list-row', { hasText: title })
        .first()
        .waitFor({ timeout: 3000 });
      return true;
    });
    await results.picture(`quick-fix-${word}`);
    await page.locator('.action-widget .monaco-list-row', { hasText: title }).first().click();
  };

  await results.test('Create Settings File writes a template and opens it', async () => {
    await window.open(folder);
    await window.file('README.md').waitFor();
    await window.runCommand('Bulkhead: Create Settings File');
    await window.tab(NAME).waitFor();
    await inEditor('// "cpus": 2,');
    if (!(await onHost()).includes('// "memory": "2gb",')) {
      throw new Error(`not the template:\n${await onHost()}`);
    }
    await results.picture('settings-template');
  });

  await results.test('it asks before it replaces a file, and Cancel keeps that', async () => {
    await writeFile(file, '{ "cpus": 1 }\n');
    await inEditor('{ "cpus": 1 }');
    await window.runCommand('Bulkhead: Create Settings File');
    await window.dialog().filter({ hasText: 'already has a settings file' }).waitFor();
    await results.picture('settings-replace');
    await window.pressInDialog('Cancel');
    await window.dialog().waitFor({ state: 'detached' });
    if ((await onHost()) !== '{ "cpus": 1 }\n') {
      throw new Error(`the file changed:\n${await onHost()}`);
    }
    await window.runCommand('Bulkhead: Create Settings File');
    await window.pressInDialog('Replace with Template');
    await eventually('the template is on the disk', async () => (await onHost()).includes('// "cpus": 2,'));
  });

  await results.test('what is wrong is underlined and stands in the Problems panel, said once', async () => {
    await writeFile(file, WRONG);
    await inEditor('"cpsu"');
    await page.locator('.squiggly-error').first().waitFor();
    await window.runCommand('Problems: Focus on Problems View');
    await problems.filter({ hasText: 'unknown key. Did you mean "cpus"?' }).waitFor();
    await problems.filter({ hasText: 'is not a size from 128 MiB to 1 TiB' }).waitFor();
    await problems.filter({ hasText: '"browser" is not supported yet' }).waitFor();
    // One row for the file, three for the problems: VS Code's own check of the schema adds none.
    await eventually('each is said once', async () => (await problems.count()) === 4);
    await results.picture('settings-problems');
  });

  await results.test('quick fixes repair them', async () => {
    await fix('cpsu', 'Change to "cpus"');
    await inEditor('"cpus": 2');
    await fix('512', 'Change to "512mb"');
    await inEditor('"memory": "512mb"');
    await fix('browser', 'Remove "attach"');
    await eventually('no problem is left', async () => (await problems.count()) <= 1);
    await clickOn('cpus');
    await page.keyboard.press('Control+s');
    await eventually(
      'the file is repaired',
      async () => (await onHost()) === '{\n  "cpus": 2,\n  "memory": "512mb"\n}\n',
    );
  });

  await results.test('keys are completed, and explained on hover', async () => {
    await window.hidePanel();
    await eventually('hover explains "memory"', async () => {
      await page.keyboard.press('Escape');
      await page.mouse.move(0, 0);
      await window.editor().locator('.view-line span span', { hasText: 'memory' }).first().hover();
      await page
        .locator('.monaco-hover:visible', { hasText: 'Memory of the machine' })
        .first()
        .waitFor({ timeout: 3000 });
      return true;
    });
    await results.picture('settings-hover');
    await clickOn('cpus');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+Space');
    const suggestions = page.locator('.suggest-widget .monaco-list-row');
    await suggestions.filter({ hasText: 'onClose' }).first().waitFor();
    await suggestions.filter({ hasText: 'accelerator' }).first().waitFor();
    await results.picture('settings-completion');
    await page.keyboard.press('Escape');
    await window.runCommand('File: Revert File');
    await page.locator(`.tab.dirty[data-resource-name="${NAME}"]`).waitFor({ state: 'detached' });
  });

  await results.test('an unsaved text is checked too, and devcontainer.json’s part', async () => {
    await writeFile(
      join(folder, '.devcontainer.json'),
      '{\n  "customizations": { "bulkhead": { "onClse": "keep" } }\n}\n',
    );
    await window.openFile('.devcontainer.json');
    await window.runCommand('Problems: Focus on Problems View');
    await problems.filter({ hasText: 'Did you mean "onClose"?' }).waitFor();
    await fix('onClse', 'Change to "onClose"');
    // Offline, VS Code itself has a warning about the schema of the specification.
    await problems.filter({ hasText: 'onClse' }).waitFor({ state: 'detached' });
    await page.keyboard.press('Control+s');
    await window.hidePanel();
  });

  /** @type {string} */ let id = '';
  const opened = await results.test('a machine is made from them', async () => {
    await window.runCommand('Bulkhead: Open in Isolated VM');
    await page.waitForURL(/folder=bulkhead/, { timeout: FIRST_UP_MS });
    await window.ready();
    id = new URL(window.folder()).host;
    await window.statusSays('running', BRING_UP_MS);
    await eventually('two CPUs', async () => (await cli.exec(id, 'nproc')).trim() === '2');
  });
  if (!opened) {
    return;
  }

  await results.test(
    'the VM’s copy of the file says that it has no effect, and leads to the one that counts',
    async () => {
      await window.openFile(NAME);
      const lens = page.locator('.codelens-decoration a', { hasText: 'the file on this computer counts' });
      await lens.waitFor();
      await results.picture('settings-copy');
      await lens.click();
      await eventually('two files of that name are open', async () => (await window.tab(NAME).count()) === 2);
      await lens.waitFor({ state: 'detached' });
    },
  );

  await results.test('a change that needs a restart is offered, and Apply makes the machine so', async () => {
    await cli.exec(id, 'sh', '-c', 'echo kept > /root/kept');
    await writeFile(file, '{\n  "cpus": 1,\n  "memory": "512mb"\n}\n');
    await window.toast('cpus 2 → 1').waitFor();
    await results.picture('settings-changed');
    await window.pressInToast('cpus 2 → 1', 'Apply (Restart)');
    await eventually(
      'the guest has one CPU',
      async () => (await cli.exec(id, 'nproc')).trim() === '1',
      BRING_UP_MS,
    );
    await window.statusSays('running', BRING_UP_MS);
    if ((await cli.exec(id, 'cat', '/root/kept')).trim() !== 'kept') {
      throw new Error('the system of the machine was not kept');
    }
    await results.picture('settings-applied');
  });
}
