// Finding one's way in the VM: files by name, text in files, terminals, their links, tasks and the problems they report.
import { eventually } from '../harness/eventually.mjs';
import { Workbench } from '../harness/workbench.mjs';

const BRING_UP_MS = 300_000;

/** What the guest holds: ordinary files, and names that mean to break out of whatever shows them. */
const PLANT = String.raw`
set -eu
cd "$1"
mkdir -p src/deep node_modules/dep odd
printf 'export const one = 1;\nexport const needleOne = "needle-7";\nexport const two = 2;\n' > src/main.ts
for n in $(seq 1 120); do printf 'line %s\n' "$n"; done > src/deep/long.txt
printf 'here is another needle\n' >> src/deep/long.txt
printf 'needle in a dependency\n' > node_modules/dep/index.js
printf 'a needle\n' > 'odd/$(trash) <img src=x onerror=alert(1)>.txt'
printf 'a needle \033[31mred\033[0m\n' > "$(printf 'odd/two\nlines.txt')"
printf 'a needle\n' > "$(printf 'odd/\342\200\256txt.exe')"
printf 'nothing\n' > 'odd/-e needle'
printf '{"scripts":{"build":"compile"}}\n' > package.json
printf 'all:\n\techo made\n' > Makefile
printf '#!/bin/sh\necho "npm $* on $(uname -s)"\necho "src/main.ts(2,14): error TS2322: planted problem"\nexit 2\n' > /usr/local/bin/npm
chmod +x /usr/local/bin/npm
`;

/** @param {{ page: import('playwright-core').Page, url: string, results: any, cli: any, example: Function }} suite */
export async function find({ page, url, results, cli, example }) {
  const window = new Workbench(page, url);
  const folder = await example('bare', `find-${process.pid}`);
  const { id, workspace } = JSON.parse(await cli.must(['up', folder, '--json']));
  await cli.exec(id, 'sh', '-c', PLANT, 'plant', workspace);
  const input = page.locator('.quick-input-widget input.input');
  /** A row of the pick that has this text in its label or beside it. @param {string | RegExp} text */
  const row = (text) => page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();

  const opened = await results.test('the machine’s window opens', async () => {
    await window.open(`bulkhead://${id}${workspace}`);
    await window.statusSays('running', BRING_UP_MS);
    await window.file('src').waitFor();
  });
  if (!opened) {
    return;
  }

  await results.test('Ctrl+P finds a file by its letters and opens it at the line', async () => {
    await page.keyboard.press('Control+p');
    await input.fill('lngtxt:100');
    await row('long.txt').waitFor();
    await results.picture('go-to-file');
    await page.keyboard.press('Enter');
    await window.tab('long.txt').waitFor();
    await eventually(
      'the cursor is at the line',
      async () => (await page.locator('.statusbar-item', { hasText: 'Ln 100' }).count()) > 0,
    );
  });

  await results.test('hostile names are text, on one row each', async () => {
    await page.keyboard.press('Control+p');
    await input.fill('odd/');
    await row('<img src=x onerror=alert(1)>').waitFor();
    await row('two lines.txt').waitFor();
    await results.picture('go-to-file-hostile');
    if ((await page.locator('.quick-input-list .monaco-list-row .codicon-trash').count()) > 0) {
      throw new Error('a file name became an icon');
    }
    const shown = await page.locator('.quick-input-list').textContent();
    if (/[\u202a-\u202e]/.test(shown ?? '')) {
      throw new Error('a file name turns the direction of text');
    }
    await page.keyboard.press('Escape');
  });

  await results.test('a file made in the VM is found without further ado', async () => {
    await cli.exec(id, 'sh', '-c', `echo new > ${workspace}/src/just-made.txt`);
    await eventually('Go to File knows it', async () => {
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+p');
      await input.fill('justmade');
      await row('just-made.txt').waitFor({ timeout: 3000 });
      return true;
    });
    await page.keyboard.press('Escape');
  });

  await results.test('Ctrl+Shift+F lists matches as they come, without the dependencies', async () => {
    await page.keyboard.press('Control+Shift+f');
    await input.fill('needle');
    await row('main.ts:2').waitFor();
    await row('long.txt:121').waitFor();
    await page.locator('.quick-input-title', { hasText: /\d+ matches in \d+ files \(.*grep\)/ }).waitFor();
    await results.picture('find-in-files');
    if ((await row('index.js').count()) > 0) {
      throw new Error('node_modules was searched');
    }
  });

  await results.test('the regular expression button makes the text an expression', async () => {
    await input.fill('needle-[0-9]');
    await row('Nothing found').waitFor();
    await page.locator('.quick-input-widget [aria-label^="Use Regular Expression"]').click();
    await row('main.ts:2').waitFor();
    await results.picture('find-in-files-regex');
  });

  await results.test('the match is shown while its row is in front, and opened at its line', async () => {
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await window.tab('main.ts').waitFor();
    // Else it may still be the button's, which Enter presses.
    await input.focus();
    await page.keyboard.press('Enter');
    await input.waitFor({ state: 'hidden' });
    await eventually(
      'the match is selected',
      async () =>
        (await page.locator('.statusbar-item', { hasText: /Ln 2, Col \d+ \(8 selected\)/ }).count()) > 0,
    );
    await results.picture('find-opened');
  });

  await results.test('results open as a list whose lines lead to their places', async () => {
    await page.keyboard.press('Control+Shift+f');
    await page.locator('.quick-input-widget [aria-label^="Use Regular Expression"]').click();
    await input.fill('another needle');
    await row('long.txt:121').waitFor();
    // The toggle's tooltip would lie over the other button.
    await page.mouse.move(640, 600);
    await page.locator('.quick-input-widget [aria-label^="Open Results in an Editor"]').click();
    await eventually(
      'the list is there',
      async () =>
        (await page.locator('.editor-instance .view-line', { hasText: 'src/deep/long.txt:121:9' }).count()) >
        0,
    );
    await results.picture('search-results');
    const link = page
      .locator('.editor-instance .view-line span.detected-link', { hasText: 'long.txt' })
      .first();
    await link.waitFor();
    // Not by the locator: pressing Control draws the link anew under it.
    const box = await link.boundingBox();
    await page.mouse.move((box?.x ?? 0) + 20, (box?.y ?? 0) + 5);
    await page.keyboard.down('Control');
    await page.mouse.click((box?.x ?? 0) + 22, (box?.y ?? 0) + 6);
    await page.keyboard.up('Control');
    await eventually(
      'its place is open',
      async () => (await page.locator('.statusbar-item', { hasText: 'Ln 121, Col 9' }).count()) > 0,
    );
  });

  await results.test('VS Code’s own new terminal is in the VM', async () => {
    await window.runCommand('Terminal: Create New Terminal');
    await window.toast('The new terminal is in the VM').waitFor();
    await window.terminalSays(/[#$] /);
    await window.typeInTerminal('echo "on $(uname -r) in $PWD"');
    await window.terminalSays(`on ${(await cli.exec(id, 'uname', '-r')).trim()} in ${workspace}`);
    await results.picture('new-terminal');
  });

  await results.test('a place that a program prints is a link, relative to where the shell is', async () => {
    await window.typeInTerminal('cd src/deep; clear; echo "at long.txt:42:3 there"');
    await window.terminalSays('at long.txt:42:3 there');
    await eventually('the link opens its place', async () => {
      await clickInTerminal(page, 'long.txt:42:3 there', 4);
      await page.locator('.statusbar-item', { hasText: 'Ln 42, Col 3' }).waitFor({ timeout: 2000 });
      return true;
    });
    await results.picture('terminal-link');
  });

  await results.test('another terminal opens in the folder where the one in front is', async () => {
    const before = await window.terminalText();
    await window.runCommand('Bulkhead: Open Terminal in Same Folder in VM');
    await eventually('the new one is in front', async () => (await window.terminalText()) !== before);
    await window.terminalSays(/[#$] /);
    await window.typeInTerminal('echo "now in $PWD"');
    await window.terminalSays(`now in ${workspace}/src/deep`);
    await results.picture('terminal-same-folder');
  });

  await results.test(
    'a script of package.json runs in the VM, and its error is a problem of the VM’s file',
    async () => {
      await eventually('the build task is offered', async () => {
        await window.runCommand('Tasks: Run Build Task');
        await window.quickPickRow('npm: build').click({ timeout: 3000 });
        return true;
      });
      await window.terminalSays('npm run build on Linux');
      await window.runCommand('Problems: Focus on Problems View');
      const problem = page.locator('.markers-panel .monaco-list-row', { hasText: 'planted problem' }).first();
      await problem.waitFor();
      await results.picture('task-problem');
      await problem.dblclick();
      await eventually(
        'the file is open at the line',
        async () => (await page.locator('.statusbar-item', { hasText: 'Ln 2, Col 14' }).count()) > 0,
      );
      await window.tab('main.ts').waitFor();
    },
  );
}

/**
 * Clicks on text in the terminal in front, with Control: that is how links open.
 * @param {import('playwright-core').Page} page @param {string} text @param {number} offset in characters
 */
async function clickInTerminal(page, text, offset) {
  const rows = page.locator('.terminal-wrapper.active .xterm-rows > div');
  const lines = (await rows.allTextContents()).map((line) => line.replaceAll('\u00a0', ' '));
  const at = lines.findLastIndex((line) => line.includes(text));
  const screen = await page.locator('.terminal-wrapper.active .xterm-screen').boundingBox();
  const box = await rows.nth(at).boundingBox();
  const size = await page.locator('.terminal-wrapper.active .xterm-rows').evaluate((node) => {
    const span = node.querySelector('span');
    return span ? span.getBoundingClientRect().width / (span.textContent ?? ' ').length : 8;
  });
  const x = (screen?.x ?? 0) + ((lines[at]?.indexOf(text) ?? 0) + offset) * size;
  const y = (box?.y ?? 0) + (box?.height ?? 0) / 2;
  await page.mouse.move(x - 2, y);
  await page.mouse.move(x, y);
  await page
    .locator('.terminal-wrapper.active .xterm-cursor-pointer')
    .waitFor({ timeout: 3000 })
    .catch(() => undefined);
  await page.keyboard.down('Control');
  await page.mouse.move(x + 1, y);
  await page.mouse.click(x, y);
  await page.keyboard.up('Control');
}
