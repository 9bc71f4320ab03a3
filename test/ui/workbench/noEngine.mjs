// Without a Docker Engine: a clear word in every place, and always a way back to the folder.
import { eventually } from '../harness/eventually.mjs';
import { TreeView } from '../harness/treeView.mjs';
import { Workbench } from '../harness/workbench.mjs';

/** @param {{ page: import('playwright-core').Page, url: string, results: any, example: Function }} suite */
export async function noEngine({ page, url, results, example }) {
  const window = new Workbench(page, url);
  const folder = await example('bare', 'no-engine');

  await results.test('Open in Isolated VM says that no engine answers, with Show Log and Retry', async () => {
    await window.open(folder);
    await window.file('README.md').waitFor();
    await window.runCommand('Bulkhead: Open in Isolated VM');
    const toast = window.toast(/Docker/);
    await toast.waitFor({ timeout: 120_000 });
    await results.picture('no-engine');
    await toast.locator('.monaco-button', { hasText: 'Show Log' }).waitFor();
    await window.pressInToast(/Docker/, 'Retry');
    await window.toast(/Docker/).waitFor({ timeout: 120_000 });
  });

  await results.test('the error leads to Check System, which says what is missing', async () => {
    await window.pressInToast(/Docker/, 'Check System');
    const frame = page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
    const engine = frame.locator('[data-finding="engine"].missing');
    await engine.filter({ hasText: 'Does not work' }).waitFor({ timeout: 60_000 });
    await frame.getByText('Something that Bulkhead needs does not work here.').waitFor();
    await engine.getByRole('button', { name: 'Test Again' }).click();
    await frame.getByRole('button', { name: 'Check Again' }).waitFor({ timeout: 60_000 });
    await engine.waitFor();
    await results.picture('check-system-no-engine');
  });

  await results.test('the Machines view says what is missing, without a row or a notification', async () => {
    const machines = new TreeView(page, 'Machines');
    await window.runCommand('View: Show Bulkhead');
    await machines.welcome().filter({ hasText: 'No Docker Engine answers' }).waitFor({ timeout: 60_000 });
    await results.picture('machines-no-engine');
    await machines.welcome().locator('.monaco-button', { hasText: 'Try Again' }).click();
    await machines.welcome().filter({ hasText: 'No Docker Engine answers' }).waitFor();
    await window.runCommand('View: Show Explorer');
  });

  await results.test('a window on a machine shows an error and offers Retry and Reopen Locally', async () => {
    await window.open('bulkhead://no-engine-1/workspace');
    await window.statusSays('failed', 120_000);
    // In a browser VS Code has a question of its own about a folder that it can't see.
    await window.dialog().waitFor();
    await window.pressInDialog('Cancel');
    const toast = window.toast(/Docker/);
    await toast.locator('.monaco-button', { hasText: 'Retry' }).waitFor();
    await toast.locator('.monaco-button', { hasText: 'Reopen Locally' }).waitFor();
    await results.picture('machine-not-reached');
    await window.pressInToast(/Docker/, 'Retry');
    await window
      .toast(/Docker/)
      .locator('.monaco-button', { hasText: 'Retry' })
      .waitFor({ timeout: 120_000 });
  });

  await results.test('Reopen Locally asks for the folder if it is not known', async () => {
    await window.pressInToast(/Docker/, 'Reopen Locally');
    const input = page.locator('.quick-input-widget input.input');
    await input.waitFor();
    await eventually('the dialog takes the folder', async () => {
      // It first fills in a folder of its own, perhaps over what was typed.
      await input.fill(`${folder}/`);
      await page.waitForTimeout(500);
      if ((await input.inputValue()) !== `${folder}/`) {
        return false;
      }
      await page.locator('.quick-input-widget .monaco-button', { hasText: 'OK' }).click();
      return true;
    });
    await page.waitForURL((address) => decodeURIComponent(address.search).includes(folder), {
      timeout: 60_000,
    });
    await window.file('README.md').waitFor();
  });
}
