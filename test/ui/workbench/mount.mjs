// The workspace toggle: from a copy to the folder itself and what that does in the window, on this computer and in the VM.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../harness/eventually.mjs';
import { Workbench } from '../harness/workbench.mjs';

const BRING_UP_MS = 300_000;

/** @param {{ page: import('playwright-core').Page, url: string, results: any, cli: any, example: Function }} suite */
export async function mount({ page, url, results, cli, example }) {
  const window = new Workbench(page, url);
  const folder = await example('bare', `mount-${process.pid}`);
  const { id, workspace } = JSON.parse(await cli.must(['up', folder, '--json']));
  /** @param {string} item id of a status-bar item */
  const item = (item) => page.locator(`[id="bulkhead.bulkhead.${item}"]`);
  /** @param {string} id @param {string | RegExp} text @param {number} [ms] */
  const itemSays = (id, text, ms = BRING_UP_MS) =>
    item(id).filter({ hasText: text }).waitFor({ timeout: ms });
  /** @param {string} mode a row of the toggle's list */
  const choose = async (mode) => {
    await eventually(`a click on the workspace offers "${mode}"`, async () => {
      await page.keyboard.press('Escape');
      await item('workspace').click({ timeout: 3000 });
      await window.quickPickRow(mode).waitFor({ timeout: 3000 });
      return true;
    });
    await window.pick(mode);
  };

  const opened = await results.test('the item says that the VM has a copy', async () => {
    await window.open(`bulkhead://${id}${workspace}`);
    await window.statusSays('running', BRING_UP_MS);
    await itemSays('workspace', 'Copy');
    await itemSays('keepAwake', 'Suspend on Close');
  });
  if (!opened) {
    return;
  }

  await results.test('switching says what it opens and ends; Cancel leaves it as it is', async () => {
    await choose('Mount, Read-Only');
    await window.dialog().filter({ hasText: 'can’t be suspended' }).waitFor();
    await window.dialog().filter({ hasText: 'its programs end' }).waitFor();
    await results.picture('workspace-mount-asks');
    await window.pressInDialog('Cancel');
    await itemSays('workspace', 'Copy');
    if ((await cli.list()).find((machine) => machine.id === id)?.workspaceMode !== 'copy') {
      throw new Error('the machine has a mount');
    }
  });

  await results.test(
    'after a yes the machine has the folder itself, and stops when it is closed',
    async () => {
      await choose('Mount, Read-Only');
      await window.pressInDialog('Switch and Restart');
      await itemSays('workspace', 'Mount, Read-Only');
      await window.statusSays('running', BRING_UP_MS);
      await itemSays('keepAwake', 'Stop on Close');
      await results.picture('workspace-mounted');
    },
  );

  await results.test('a file that is made and changed on this computer shows in the window', async () => {
    await writeFile(join(folder, 'made-here.txt'), 'first\n');
    await window.file('made-here.txt').waitFor({ timeout: 30_000 });
    await window.openFile('made-here.txt');
    await eventually('the editor has it', async () => (await window.editorText()).includes('first'));
    await writeFile(join(folder, 'made-here.txt'), 'second, and longer\n');
    await eventually(
      'the editor follows',
      async () => (await window.editorText()).includes('second'),
      30_000,
    );
  });

  await results.test(
    'the VM can’t write there; once that is allowed too, it can, and the item warns',
    async () => {
      const write = ['exec', id, '--', 'sh', '-c', 'echo from the VM > made-there.txt'];
      if ((await cli.run(write)).code === 0) {
        throw new Error('the VM wrote into a read-only folder');
      }
      await choose('Mount');
      await window.dialog().filter({ hasText: 'without a review' }).waitFor();
      await window.pressInDialog('Switch and Restart');
      await itemSays('workspace', /Mount$/);
      await page.locator('[id="bulkhead.bulkhead.workspace"].error-kind').waitFor({ timeout: BRING_UP_MS });
      // The item says what was chosen; the machine takes a moment to be that.
      const runs = async () => (await cli.list()).some((each) => each.id === id && each.state === 'running');
      await eventually('the machine runs again', runs, BRING_UP_MS);
      await cli.must(write);
      if ((await readFile(join(folder, 'made-there.txt'), 'utf8')) !== 'from the VM\n') {
        throw new Error('the file is not on this computer');
      }
      await window.file('made-there.txt').waitFor({ timeout: 30_000 });
      await results.picture('workspace-mounted-writable');
    },
  );
}
