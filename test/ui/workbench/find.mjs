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
    const shown = await page.locator('.quick-input-list').innerText();
    if (/[\u202a-\u202e]/.test(shown)) {
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
    await page.keyboard.press('Enter');
    await input.waitFor({ state: 'hidden' });
    await eventually(
      'the match is selected',
      async () =>
        (await page.locator('.statusbar-item', { hasText: /Ln 2, Col \d+ \(8 selected\)/ }).count()) > 0,
    );
    await results.picture('find-opened');
  });
}
