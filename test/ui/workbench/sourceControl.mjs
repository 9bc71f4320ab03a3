// Source control over the guest's git: one machine whose image has git.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ensureGitImage } from '../../images/gitImage.mjs';
import { eventually } from '../harness/eventually.mjs';
import { Workbench } from '../harness/workbench.mjs';

const BRING_UP_MS = 300_000;
/** A status under emulation, on a busy machine. */
const STATUS_MS = 60_000;

/** @param {{ page: import('playwright-core').Page, url: string, results: any, cli: any, example: Function }} suite */
export async function sourceControl({ page, url, results, cli, example }) {
  const window = new Workbench(page, url);
  const folder = await example('bare', `git-${process.pid}`);
  const image = await ensureGitImage();
  await writeFile(join(folder, '.bulkhead.json'), JSON.stringify({ image, memory: '768mb' }));
  await mkdir(join(folder, 'src'));
  await writeFile(join(folder, 'notes.txt'), 'first line\nsecond line\n');
  await writeFile(join(folder, 'src/gone.txt'), 'to be deleted\n');
  const { id, workspace } = JSON.parse(await cli.must(['up', folder, '--json']));
  /** @param {string} script */
  const sh = (script) => cli.exec(id, 'sh', '-euc', `cd ${workspace}; ${script}`);

  const scm = page.locator('.scm-view');
  /** A row or a group of the SCM view. @param {string} label what its aria-label begins with */
  const row = (label) => scm.locator(`.monaco-list-row[aria-label^="${label}"]`);
  /** @param {string} label @param {string} action */
  const pressOn = async (label, action) => {
    await row(label).first().hover();
    await row(label).first().locator(`[aria-label="${action}"]`).click();
  };
  const openView = (/** @type {string} */ name) =>
    // The badge lies over the icon; a click on it opens the view too.
    page.locator(`.activitybar .action-label[aria-label^="${name}"]`).click({ force: true });
  /** The letter beside a name. @param {import('playwright-core').Locator} where */
  const badge = (where) =>
    where
      .locator('.monaco-icon-label')
      .first()
      .evaluate((label) => getComputedStyle(label, '::after').content);
  const input = page.locator('.quick-input-widget input.input');

  const opened = await results.test('a window without a repository says how to get one', async () => {
    await window.open(`bulkhead://${id}${workspace}`);
    await window.statusSays('running', BRING_UP_MS);
    await openView('Source Control');
    await page
      .locator('.part.sidebar')
      .getByText('There is no git repository')
      .waitFor({ timeout: STATUS_MS });
    await results.picture('scm-welcome');
  });
  if (!opened) {
    return;
  }

  await results.test('git init in the VM brings the repository into the view', async () => {
    const commit = 'git -c user.name=T -c user.email=t@example.org commit -qm First';
    await sh(`git init -q -b main; git add .; ${commit}`);
    await row('Source Control Input').waitFor({ timeout: STATUS_MS });
    await page.locator('.part.statusbar').getByText('main', { exact: true }).waitFor({ timeout: STATUS_MS });
  });

  await results.test('changes in the VM show with letters; a hostile name breaks nothing', async () => {
    // A line break, a terminal's escape sequence, and what a label could take for an icon or a tag.
    await sh(
      'echo changed > notes.txt; rm src/gone.txt; printf x > "$(printf "evil\\n\\033[31m\\$(bug)<b>.txt")"; echo u > new.txt',
    );
    await row('notes.txt, Modified').waitFor({ timeout: STATUS_MS });
    await row('gone.txt, Deleted').waitFor();
    await row('new.txt, Untracked').waitFor();
    await row('evil').waitFor();
    await row('gone.txt').locator('.strikethrough').first().waitFor();
    await eventually('M beside notes.txt', async () => (await badge(row('notes.txt'))) === '"M"');
    await results.picture('scm-changes');
    await openView('Explorer');
    await eventually('M in the explorer', async () => (await badge(window.file('notes.txt'))) === '"M"');
    await eventually('U in the explorer', async () => (await badge(window.file('new.txt'))) === '"U"');
    await results.picture('scm-explorer');
  });

  await results.test('a click on a row opens the diff: the old version and the new', async () => {
    await openView('Source Control');
    await row('notes.txt').click();
    const sides = page.locator('.monaco-diff-editor');
    await sides.locator('.editor.original .view-lines').getByText('second line').waitFor();
    await sides.locator('.editor.modified .view-lines').getByText('changed').waitFor();
    await results.picture('scm-diff');
  });

  await results.test('discard asks, and then the file is gone', async () => {
    await pressOn('new.txt', 'Discard Changes');
    await window.dialog().filter({ hasText: 'Delete new.txt?' }).waitFor();
    await results.picture('scm-discard');
    await window.pressInDialog('Cancel');
    await sh('test -f new.txt');
    await pressOn('new.txt', 'Discard Changes');
    await window.pressInDialog('Delete');
    await row('new.txt').waitFor({ state: 'detached', timeout: STATUS_MS });
    await sh('test ! -e new.txt');
  });

  await results.test('stage and commit: git in the VM asks whose commit it is, and has it', async () => {
    await pressOn('notes.txt', 'Stage Changes');
    await row('Staged Changes').waitFor({ timeout: STATUS_MS });
    if ((await sh('git diff --cached --name-only')).trim() !== 'notes.txt') {
      throw new Error('the index has something else');
    }
    await scm.locator('.scm-input .monaco-editor').first().click();
    await page.keyboard.type('Second, in the editor');
    await page.keyboard.press('Control+Enter');
    await page.locator('.quick-input-widget').getByText('does not know your name').waitFor();
    await input.fill('Ada');
    await page.keyboard.press('Enter');
    await page.locator('.quick-input-widget').getByText('e-mail address').waitFor();
    await input.fill('ada@example.org');
    await page.keyboard.press('Enter');
    await row('Staged Changes').waitFor({ state: 'detached', timeout: STATUS_MS });
    const log = await sh('git log -1 --format="%s|%an|%ae" --name-only');
    if (log.replace(/\s+/g, ' ').trim() !== 'Second, in the editor|Ada|ada@example.org notes.txt') {
      throw new Error(log);
    }
    if ((await scm.locator('.scm-input .view-lines').textContent())?.includes('Second')) {
      throw new Error('the message is still there');
    }
  });

  await results.test(
    'lines that differ from the index are marked; the status bar makes a branch',
    async () => {
      await openView('Explorer');
      await window.openFile('notes.txt');
      await sh('echo more >> notes.txt');
      await page.locator('.dirty-diff-glyph').first().waitFor({ timeout: STATUS_MS });
      await results.picture('scm-gutter');
      await page.locator('.part.statusbar').getByText('main*').click();
      await window.pick('Create New Branch…');
      await page.locator('.quick-input-widget').getByText('Name of the new branch').waitFor();
      await input.fill('topic/one');
      await page.keyboard.press('Enter');
      await page.locator('.part.statusbar').getByText('topic/one*').waitFor({ timeout: STATUS_MS });
      if ((await sh('git branch --show-current')).trim() !== 'topic/one') {
        throw new Error('another branch is checked out');
      }
    },
  );

  /** Opens the context menu of an explorer row and runs a command of it. @param {string} name @param {string} label */
  const fromMenu = async (name, label) => {
    const item = page.locator('.context-view .action-label', { hasText: label });
    await eventually(`the context menu has ${label}`, async () => {
      await page.keyboard.press('Escape');
      await window.file(name).click({ button: 'right' });
      await item.waitFor({ timeout: 3000 });
      // VS Code's menus pass over a click that comes within 100 ms of their opening.
      await page.waitForTimeout(300);
      await item.hover();
      await item.click({ timeout: 3000 });
      await item.waitFor({ state: 'detached', timeout: 5000 });
      return true;
    });
  };
  /** Answers VS Code's own file dialog. @param {string} path @param {string} button */
  const answerDialog = async (path, button) => {
    const accept = page.locator('.quick-input-widget .monaco-button', { hasText: button });
    await accept.waitFor();
    // It fills its input by itself once it has read its first folder.
    await eventually('the dialog shows a folder', async () => (await input.inputValue()).endsWith('/'));
    await page.locator('.quick-input-list .monaco-list-row').first().waitFor();
    await eventually('the dialog takes the path', async () => {
      await input.fill(path);
      return (await input.inputValue()) === path;
    });
    await accept.click();
  };

  await results.test(
    'Copy to This Computer brings the bytes, leaves a link out and can be undone',
    async () => {
      await sh('mkdir out; head -c 100000 /dev/urandom > out/data.bin; ln -s /etc/passwd out/link');
      await window.file('out').waitFor();
      const target = join(folder, '..', `copied-${process.pid}`);
      await mkdir(target);
      await fromMenu('out', 'Copy to This Computer…');
      await answerDialog(`${target}/`, 'Copy Here');
      const toast = window.toast('1 file (100 kB) copied to');
      await toast.filter({ hasText: 'a link' }).waitFor({ timeout: STATUS_MS });
      await results.picture('copy-to-computer');
      const sum = (await sh('sha256sum out/data.bin')).slice(0, 64);
      const bytes = await readFile(join(target, 'out/data.bin'));
      if (createHash('sha256').update(bytes).digest('hex') !== sum) {
        throw new Error('other bytes');
      }
      if (
        (await readdir(target)).join() !== 'out' ||
        (await readdir(join(target, 'out'))).join() !== 'data.bin'
      ) {
        throw new Error(`there is ${await readdir(target, { recursive: true })}`);
      }
      await window.pressInToast('1 file (100 kB) copied to', 'Undo');
      await window.toast('The copy was undone').waitFor();
      if ((await readdir(target)).length > 0) {
        throw new Error(`left: ${await readdir(target)}`);
      }
    },
  );

  await results.test(
    'Copy to VM brings a file into the folder that was clicked, and asks before it replaces one',
    async () => {
      const file = join(folder, '..', `from-host-${process.pid}.txt`);
      await writeFile(file, 'from the host');
      const name = basename(file);
      await fromMenu('out', 'Copy to VM…');
      await window.pick('Files…');
      await answerDialog(file, 'Copy to VM');
      await window.toast('1 file (13 B) copied to').waitFor({ timeout: STATUS_MS });
      if ((await sh(`cat out/${name}`)) !== 'from the host') {
        throw new Error('other content');
      }
      await sh(`echo kept > out/${name}`);
      await fromMenu('out', 'Copy to VM…');
      await window.pick('Files…');
      await answerDialog(file, 'Copy to VM');
      await page.locator('.quick-input-widget').getByText('is there already').waitFor({ timeout: STATUS_MS });
      await results.picture('copy-conflict');
      await window.pick('Keep Both');
      await eventually('both are there', async () =>
        (await sh(`cat out/${name} out/from-host*2*.txt`)).includes('kept\nfrom the host'),
      );
      if ((await sh('ls -A out | wc -l')).trim() !== '4') {
        throw new Error(await sh('ls -A out'));
      }
    },
  );
}
