// The user's SSH agent, lent from the status bar: a guest's request is asked about, denied, allowed, and taken back.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureGitImage } from '../../images/gitImage.mjs';
import { eventually } from '../harness/eventually.mjs';
import { Workbench } from '../harness/workbench.mjs';

const run = promisify(execFile);
const BRING_UP_MS = 300_000;
const GUEST_MS = 60_000;

/**
 * An SSH agent with a key of its own, for the editor's environment. The short path is the socket's limit.
 * @param {string} folder
 */
export async function ownAgent(folder) {
  await mkdir(folder, { recursive: true });
  const socket = join(folder, 'agent');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(agent.stdout, 'data');
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'jo@laptop', '-f', join(folder, 'key')]);
  await run('ssh-add', ['-q', join(folder, 'key')], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  return { env: { SSH_AUTH_SOCK: socket, CANARY_TOKEN: 'from-this-computer' }, stop: () => agent.kill() };
}

/** @param {{ page: import('playwright-core').Page, url: string, results: any, cli: any, example: Function }} suite */
export async function credentials({ page, url, results, cli, example }) {
  const window = new Workbench(page, url);
  const folder = await example('bare', `creds-${process.pid}`);
  await writeFile(
    join(folder, '.bulkhead.json'),
    JSON.stringify({ image: await ensureGitImage(), memory: '768mb' }),
  );
  const { id, workspace } = JSON.parse(await cli.must(['up', folder, '--json']));
  const item = page.locator('[id="bulkhead.bulkhead.credentials"]');
  const itemSays = (/** @type {string} */ text) =>
    item.filter({ hasText: text }).waitFor({ timeout: 30_000 });
  const openPick = (/** @type {string} */ row) =>
    eventually(`a click on the item offers "${row}"`, async () => {
      // Not Escape: with no pick to close it would be the terminal's.
      await item.click({ timeout: 3000 });
      await window.quickPickRow(row).waitFor({ timeout: 3000 });
      return true;
    });
  let count = 0;
  /** Asks for a signature in the VM's terminal. @returns what the terminal says of each end */
  const sign = async () => {
    const n = ++count;
    // The words are made by the shell, so that they aren't on the screen because they were typed.
    await window.typeInTerminal(
      `ssh-add -L > ~/k.pub; ssh-add -T ~/k.pub && echo "sig""ned-${n}" || echo "ref""used-${n}"`,
    );
    return { signed: `signed-${n}`, refused: `refused-${n}` };
  };

  const lent = await results.test('the agent is lent from the status bar, after a yes', async () => {
    await window.open(`bulkhead://${id}${workspace}`);
    await window.statusSays('running', BRING_UP_MS);
    await itemSays('No Credentials');
    await openPick('Lend the SSH Agent…');
    await results.picture('credentials-pick');
    await window.pick('Lend the SSH Agent…');
    await window.pressInDialog('Lend the SSH Agent');
    await itemSays('Agent');
  });
  if (!lent) {
    return;
  }

  await results.test('a signature is asked about: the key, the purpose; Enter denies it', async () => {
    await window.runCommand('Bulkhead: Open Terminal in VM');
    await window.terminalSays('$', GUEST_MS);
    const { refused } = await sign();
    await window.dialog().getByText('asks for a signature').waitFor({ timeout: GUEST_MS });
    await window
      .dialog()
      .getByText(/jo@laptop ssh-ed25519/)
      .waitFor();
    await window
      .dialog()
      .getByText(/NOT an SSH login/)
      .waitFor();
    await results.picture('credentials-signature');
    await page.keyboard.press('Enter');
    await window.terminalSays(refused, GUEST_MS);
  });

  await results.test('Allow Once signs once', async () => {
    const { signed } = await sign();
    await window.dialog().getByText('asks for a signature').waitFor({ timeout: GUEST_MS });
    await window.pressInDialog('Allow Once');
    await window.terminalSays(signed, GUEST_MS);
    await itemSays('(1)');
    const { refused } = await sign();
    await window.dialog().getByText('asks for a signature').waitFor({ timeout: GUEST_MS });
    await window.pressInDialog('Deny');
    await window.terminalSays(refused, GUEST_MS);
  });

  await results.test('Revoke All takes it from the same terminal at once', async () => {
    await openPick('Revoke All');
    await window.pick('Revoke All');
    await itemSays('No Credentials');
    await window.typeInTerminal('ssh-add -l; echo "co""de-$?"');
    await window.terminalSays('code-2', GUEST_MS);
  });

  await results.test('a variable is lent by its name, to new terminals only', async () => {
    await openPick('Lend an Environment Variable…');
    await window.pick('Lend an Environment Variable…');
    await page.locator('.quick-input-widget input.input').fill('CANARY_TOKEN');
    await page.keyboard.press('Enter');
    await itemSays('Credentials: 1');
    await window.typeInTerminal('echo "old=""[$CANARY_TOKEN]"');
    await window.terminalSays('old=[]', GUEST_MS);
    await window.runCommand('Bulkhead: Open Terminal in VM');
    const isNew = (/** @type {string} */ text) => text.includes('$') && !text.includes('old=');
    await eventually(
      'the new terminal has a prompt',
      async () => isNew(await window.terminalText()),
      GUEST_MS,
    );
    await window.typeInTerminal('echo "new=""[$CANARY_TOKEN]"');
    await window.terminalSays('new=[from-this-computer]', GUEST_MS);
  });
}
