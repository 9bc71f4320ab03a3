// A person's way through: a folder opens in a VM, is edited, run, put to rest, woken, left and removed.
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../harness/eventually.mjs';
import { Workbench } from '../harness/workbench.mjs';

/** The first machine of a run may have to build the kit, and boots under emulation on most test machines. */
const FIRST_UP_MS = 900_000;
const BRING_UP_MS = 300_000;

const TASKS = {
  version: '2.0.0',
  tasks: [
    {
      type: 'bulkhead',
      label: 'seven',
      command: 'printf "task on %s as $GREETING\\n" "$(uname -s)"; exit 7',
      env: { GREETING: 'hello' },
      problemMatcher: [],
    },
    { type: 'bulkhead', label: 'argv', command: 'echo', args: ['a  b', '$HOME'], problemMatcher: [] },
  ],
};

/** @param {{ page: import('playwright-core').Page, url: string, results: any, cli: any, example: Function }} suite */
export async function journey({ page, url, results, cli, example }) {
  const window = new Workbench(page, url);
  // Nobody else's machine on this engine has that name.
  const name = `journey-${process.pid}`;
  const folder = await example('bare', name);
  await writeFile(join(folder, 'notes.txt'), 'first line\n');
  /** @type {string} */ let id = '';
  /** @type {string} */ let workspace = '';
  /** @param {string} name */
  const inGuest = (name) => cli.exec(id, 'cat', `${workspace}/${name}`);

  const opened = await results.test('Open in Isolated VM opens the folder under bulkhead://', async () => {
    await window.open(folder);
    await window.file('notes.txt').waitFor();
    await window.runCommand('Bulkhead: Open in Isolated VM');
    const toast = window.toast(`Opening ${name} in an isolated VM`);
    await toast.waitFor();
    await toast.filter({ hasText: /\d\/9 / }).waitFor();
    await results.picture('progress');
    await page.waitForURL(/folder=bulkhead/, { timeout: FIRST_UP_MS });
    await window.ready();
    const uri = new URL(window.folder());
    id = uri.host;
    workspace = uri.pathname;
    await window.statusSays('running', BRING_UP_MS);
    await window.file('notes.txt').waitFor();
    await results.picture('explorer');
  });
  if (!opened) {
    return;
  }

  await results.test('an edit that is saved is in the guest, and not in the host folder', async () => {
    await window.openFile('notes.txt');
    await window.appendAndSave('notes.txt', 'written in the editor');
    await eventually('the guest has the line', async () =>
      (await inGuest('notes.txt')).includes('written in the editor'),
    );
    const host = execFileSync('cat', [join(folder, 'notes.txt')], { encoding: 'utf8' });
    if (host !== 'first line\n') {
      throw new Error(`the host's file changed: ${host}`);
    }
    await results.picture('editor');
  });

  await results.test('a change in the guest shows in the explorer and in the open editor', async () => {
    await cli.exec(
      id,
      'sh',
      '-c',
      `echo made > ${workspace}/from-guest.txt; echo appended >> ${workspace}/notes.txt`,
    );
    await window.file('from-guest.txt').waitFor();
    await eventually('the editor shows the new line', async () =>
      (await window.editorText()).includes('appended'),
    );
    await cli.exec(id, 'rm', `${workspace}/from-guest.txt`);
    await window.file('from-guest.txt').waitFor({ state: 'detached' });
  });

  await results.test('the terminal is a shell in the VM, in the workspace folder', async () => {
    await window.runCommand('Bulkhead: Open Terminal in VM');
    await window.terminalSays(/[#$] /);
    await window.typeInTerminal('uname -r; pwd; stty size | tr " " x');
    const kernel = (await cli.exec(id, 'uname', '-r')).trim();
    await window.terminalSays(kernel);
    await window.terminalSays(`${workspace}`);
    await window.terminalSays(/\d+x\d+/);
    await results.picture('terminal');
  });

  await results.test('what a program in the VM prints neither reads nor writes the clipboard', async () => {
    await page.evaluate(() => navigator.clipboard.writeText('mine'));
    // OSC 52 to write ("stolen") and to be told, and a question for the title, whose answer would be typed into the shell.
    await window.typeInTerminal(
      String.raw`printf '\033]52;c;c3RvbGVu\a\033]52;c;?\a\033[21t'; sleep 2; echo over | tr a-z A-Z`,
    );
    await window.terminalSays('OVER');
    const shown = await window.terminalText();
    const answered = shown.slice(shown.lastIndexOf('OVER'));
    if (/52;c;|bWluZQ/.test(answered)) {
      throw new Error(`The terminal answered the VM: ${answered}`);
    }
    const clipboard = await page.evaluate(() => navigator.clipboard.readText());
    if (clipboard !== 'mine') {
      throw new Error(`The clipboard holds ${JSON.stringify(clipboard)}`);
    }
  });

  await results.test('the exit of the shell closes its terminal', async () => {
    await window.typeInTerminal('exit');
    await page.locator('.terminal-wrapper.active').waitFor({ state: 'detached' });
  });

  await results.test('VS Code’s own new terminal makes room for one in the VM', async () => {
    await window.runCommand('Terminal: Create New Terminal');
    await window.toast('The new terminal is in the VM').waitFor();
    await results.picture('host-terminal');
    await window.terminalSays(/[#$] /);
    await window.typeInTerminal('uname -r; exit');
    await page.locator('.terminal-wrapper.active').waitFor({ state: 'detached' });
  });

  await results.test('a bulkhead task runs in the VM and ends with its exit code', async () => {
    await cli.exec(
      id,
      'sh',
      '-c',
      `mkdir -p ${workspace}/.vscode && printf %s '${JSON.stringify(TASKS).replaceAll("'", "'\\''")}' > ${workspace}/.vscode/tasks.json`,
    );
    await window.file('.vscode').waitFor();
    await window.runTask('seven');
    await window.terminalSays('task on Linux as hello');
    await window.terminalSays(/exit code:? 7/);
    await results.picture('task');
    await window.runTask('argv');
    await window.terminalSays('a  b $HOME');
  });

  await results.test('a click on the status bar offers the actions; Suspend suspends', async () => {
    await window.status().click();
    await window.quickPickRow('Suspend').waitFor();
    await results.picture('machine-actions');
    await window.pick('Suspend');
    await window.statusSays('suspended', BRING_UP_MS);
    await eventually('the engine says so too', async () => (await cli.state(id)) === 'suspended');
    await results.picture('suspended');
  });

  await results.test('Start or Resume brings it back, with its files', async () => {
    await window.runCommand('Bulkhead: Start or Resume');
    await window.statusSays('running', BRING_UP_MS);
    await cli.exec(id, 'sh', '-c', `echo after > ${workspace}/after-resume.txt`);
    await window.file('after-resume.txt').waitFor();
  });

  await results.test('Stop stops it, and nothing in the window starts it again', async () => {
    await window.runCommand('Bulkhead: Stop');
    await window.statusSays('stopped', BRING_UP_MS);
    await window.runCommand('Refresh Explorer');
    await page.waitForTimeout(3000);
    if ((await cli.state(id)) !== 'stopped') {
      throw new Error(`the machine is ${await cli.state(id)}`);
    }
  });

  await results.test('a window that is opened again brings the machine up', async () => {
    // A panel that comes back empty makes VS Code open a terminal of its own.
    await window.hidePanel();
    await window.reload();
    await window.statusSays('running', BRING_UP_MS);
    await window.file('after-resume.txt').waitFor();
    if ((await window.toast('').locator('.monaco-button', { hasText: 'Retry' }).count()) > 0) {
      throw new Error('the window shows an error');
    }
    // Longer than the grace after which the window that was left would have put the machine to rest.
    await page.waitForTimeout(15_000);
    await window.statusSays('running');
  });

  await results.test(
    'Remove asks when files differ from the host, and Cancel keeps the machine',
    async () => {
      await window.runCommand('Bulkhead: Remove');
      await window.dialog().filter({ hasText: 'notes.txt' }).waitFor({ timeout: BRING_UP_MS });
      await results.picture('remove-asks');
      await window.pressInDialog('Cancel');
      if ((await cli.state(id)) === undefined) {
        throw new Error('the machine is gone');
      }
    },
  );

  await results.test('Reopen Locally opens the host folder, and the machine is put to rest', async () => {
    await window.runCommand('Bulkhead: Reopen Locally');
    await page.waitForURL((address) => decodeURIComponent(address.search).endsWith(folder), {
      timeout: 60_000,
    });
    await window.ready();
    await window.file('notes.txt').waitFor();
    await window.file('after-resume.txt').waitFor({ state: 'detached' });
    await eventually('it is suspended', async () => (await cli.state(id)) === 'suspended', BRING_UP_MS);
  });

  await results.test('a machine that does not run is removed only after a question', async () => {
    await window.runCommand('Bulkhead: Remove');
    await window.pick(name);
    await window.dialog().filter({ hasText: 'cannot be compared' }).waitFor();
    await window.pressInDialog('Remove Anyway');
    await eventually('it is gone', async () => (await cli.state(id)) === undefined, BRING_UP_MS);
  });

  await results.test('a window on a machine that is gone says so and offers the way back', async () => {
    await window.open(`bulkhead://${id}${workspace}`);
    await window.toast(id).waitFor({ timeout: BRING_UP_MS });
    // In a browser VS Code has a question of its own about a folder that is not there.
    if (await window.dialog().isVisible()) {
      await window.pressInDialog('Cancel');
    }
    await results.picture('machine-gone');
    await window.toast(id).locator('.monaco-button', { hasText: 'Retry' }).waitFor();
    await window.toast(id).locator('.monaco-button', { hasText: 'Reopen Locally' }).waitFor();
  });
}
