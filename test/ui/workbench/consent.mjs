// What a folder asks for: shown before anything of it counts, refused, allowed, and asked again when it changes.
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from '../harness/eventually.mjs';
import { Workbench } from '../harness/workbench.mjs';

const FIRST_UP_MS = 900_000;
const BRING_UP_MS = 300_000;

/** @param {{ page: import('playwright-core').Page, url: string, results: any, cli: any, example: Function }} suite */
export async function consent({ page, url, results, cli, example }) {
  const window = new Workbench(page, url);
  const folder = await example('bare', `consent-${process.pid}`);
  const port = await freePort();
  /** @param {object} settings */
  const write = (settings) =>
    writeFile(
      join(folder, '.bulkhead.json'),
      `${JSON.stringify({ memory: '512mb', ...settings }, null, 2)}\n`,
    );
  /** @param {string[]} flags */
  const asks = async (...flags) =>
    JSON.parse(await cli.must(['consent', folder, '--json', ...flags])).asks.map(
      (/** @type {{ kind: string, granted: boolean }} */ { kind, granted }) => `${kind} ${granted}`,
    );
  const answers = () =>
    page.request.get(`http://127.0.0.1:${port}/hello.sh`).then(
      (response) => response.status(),
      (error) => (/ECONNREFUSED/.test(String(error)) ? 'refused' : String(error)),
    );
  await write({ forwardPorts: [port], network: { allow: ['asked.example.org'] } });

  await results.test('the dialog lists what is asked for and where; Escape gives up', async () => {
    await window.open(folder);
    await window.file('README.md').waitFor();
    await window.runCommand('Bulkhead: Open in Isolated VM');
    const dialog = window.dialog().filter({ hasText: 'Reach over the network: asked.example.org' });
    await dialog.filter({ hasText: `127.0.0.1 of this computer: ${port}` }).waitFor();
    await dialog.filter({ hasText: '.bulkhead.json:3:19: forwardPorts' }).waitFor();
    await results.picture('consent');
    await page.keyboard.press('Escape');
    await window.dialog().waitFor({ state: 'detached' });
    await page.waitForTimeout(1000);
    if ((await cli.list()).some((/** @type {any} */ machine) => machine.folder === folder)) {
      throw new Error('a machine was made all the same');
    }
  });

  /** @type {string} */ let id = '';
  const opened = await results.test(
    'Enter opens without: the machine is there, nothing is granted',
    async () => {
      await window.runCommand('Bulkhead: Open in Isolated VM');
      await window.dialog().filter({ hasText: 'asked.example.org' }).waitFor();
      await page.keyboard.press('Enter');
      await page.waitForURL(/folder=bulkhead/, { timeout: FIRST_UP_MS });
      await window.ready();
      id = new URL(window.folder()).host;
      await window.statusSays('running', BRING_UP_MS);
      const found = await asks();
      if (String(found) !== 'network-hosts false,forward-ports false') {
        throw new Error(`granted: ${found}`);
      }
      const { workspace } = JSON.parse(await cli.must(['up', folder, '--json', '--quiet']));
      await cli.exec(id, '/.bulkhead/bin/busybox', 'httpd', '-p', String(port), '-h', workspace);
      if ((await answers()) !== 'refused') {
        throw new Error('the port is open on this computer');
      }
    },
  );
  if (!opened) {
    return;
  }

  await results.test(
    'a change asks again in the window; Allow, by the keyboard, takes effect at once',
    async () => {
      await write({ forwardPorts: [port], network: { allow: ['asked.example.org', 'more.example.org'] } });
      await window.toast('now ask for more').waitFor();
      await results.picture('consent-changed');
      await window.pressInToast('now ask for more', 'Review…');
      await window.dialog().filter({ hasText: 'new: more.example.org' }).waitFor();
      await results.picture('consent-again');
      await eventually('Tab leads to Allow', async () => {
        await page.keyboard.press('Tab');
        const focused = page.locator('.monaco-dialog-box .monaco-button:focus');
        return (await focused.textContent({ timeout: 2000 })) === 'Allow';
      });
      await page.keyboard.press('Enter');
      await eventually('the port is open', async () => (await answers()) === 200);
      const found = await asks();
      if (String(found) !== 'network-hosts true,forward-ports true') {
        throw new Error(`not granted: ${found}`);
      }
    },
  );

  await results.test('another change shuts it at once, until it is looked at', async () => {
    await write({ forwardPorts: [port, 22], network: { allow: ['asked.example.org', 'more.example.org'] } });
    await eventually('the port is shut', async () => (await answers()) === 'refused');
    await window.toast('now ask for more').waitFor();
    await window.pressInToast('now ask for more', 'Review…');
    await window.pressInDialog('Go On Without');
    await eventually(
      'it is an answer',
      async () => JSON.parse(await cli.must(['consent', folder, '--json'])).answered === true,
    );
  });

  await results.test('Review What This Folder Asks For changes the answer', async () => {
    const row = page.locator('.quick-input-list .monaco-list-row', { hasText: 'Open ports of the VM' });
    await window.runCommand('Bulkhead: Review What This Folder Asks For');
    await row.waitFor();
    await results.picture('consent-review');
    await row.click();
    await page.keyboard.press('Enter');
    await eventually('the port is open', async () => (await answers()) === 200);
    if (String(await asks()) !== 'network-hosts false,forward-ports true') {
      throw new Error(`granted: ${await asks()}`);
    }
    await window.runCommand('Bulkhead: Review What This Folder Asks For');
    await row.click();
    await page.keyboard.press('Enter');
    await eventually('the port is shut', async () => (await answers()) === 'refused');
  });

  await results.test(
    'what has no room in the dialog can’t be allowed from it: Choose… lists it all',
    async () => {
      const known = Array.from({ length: 12 }, (_, n) => `known${n}.example.org`);
      await write({ network: { allow: [...known, 'evil.example.org'] } });
      await window.toast('now ask for more').waitFor();
      await window.pressInToast('now ask for more', 'Review…');
      await window.dialog().filter({ hasText: 'and 1 more' }).waitFor();
      await results.picture('consent-no-room');
      const buttons = await page.locator('.monaco-dialog-box .monaco-button').allTextContents();
      if (buttons.includes('Allow') || !buttons.includes('Go On Without')) {
        throw new Error(`the dialog offers: ${buttons}`);
      }
      await window.pressInDialog('Choose…');
      const line = page.locator('.quick-input-list', { hasText: 'evil.example.org' });
      await line.waitFor();
      await results.picture('consent-choose-all');
      await page.keyboard.press('Enter');
      await page
        .locator('.quick-input-list .monaco-list-row', { hasText: 'Reach over the network' })
        .waitFor();
      await page.keyboard.press('Enter');
      await eventually(
        'nothing ticked is an answer',
        async () => JSON.parse(await cli.must(['consent', folder, '--json'])).answered === true,
      );
      if (String(await asks()) !== 'network-hosts false') {
        throw new Error(`granted: ${await asks()}`);
      }
    },
  );

  await results.test('a kind of which a part counts is taken back by leaving it unticked', async () => {
    await cli.must(['net', id, '--allow', 'part.example.org', '--workspace']);
    const row = page.locator('.quick-input-list .monaco-list-row', { hasText: 'Reach over the network' });
    await window.runCommand('Bulkhead: Review What This Folder Asks For');
    // All of it is read first: it is more than a row of the choice has room for.
    await page.locator('.quick-input-list', { hasText: 'evil.example.org' }).waitFor();
    await page.keyboard.press('Enter');
    await row.filter({ hasText: 'allowed of it: part.example.org' }).waitFor();
    await page.keyboard.press('Enter');
    await eventually('nothing of it counts', async () => {
      const [ask] = JSON.parse(await cli.must(['consent', folder, '--json'])).asks;
      return ask.grantedValues.length === 0;
    });
  });
}

/** Of this computer and, with luck, free until the guest's port is forwarded to it. @returns {Promise<number>} */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}
