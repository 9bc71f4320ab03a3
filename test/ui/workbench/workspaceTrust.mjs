// A folder that VS Code was told not to trust: it opens in a VM all the same, and what it says about Bulkhead does not count.
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../harness/eventually.mjs';
import { Workbench } from '../harness/workbench.mjs';

const FIRST_UP_MS = 900_000;
const BRING_UP_MS = 300_000;
const NO = /No, I don['’]t trust/;

/** @param {{ page: import('playwright-core').Page, url: string, results: any, cli: any, example: Function }} suite */
export async function workspaceTrust({ page, url, results, cli, example }) {
  const window = new Workbench(page, url);
  const folder = await example('bare', `trust-${process.pid}`);
  await writeFile(join(folder, '.bulkhead.json'), JSON.stringify({ memory: '512mb' }));
  await mkdir(join(folder, '.vscode'));
  await writeFile(
    join(folder, '.vscode/settings.json'),
    JSON.stringify({
      'bulkhead.network.mode': 'full',
      'bulkhead.network.allow': ['evil.example.org'],
      'bulkhead.onClose': 'keep',
    }),
  );
  await writeFile(
    join(folder, '.vscode/tasks.json'),
    JSON.stringify({
      version: '2.0.0',
      tasks: [
        {
          label: 'own',
          type: 'shell',
          command: `touch ${join(folder, 'owned')}`,
          runOptions: { runOn: 'folderOpen' },
        },
      ],
    }),
  );
  const restricted = page.locator('.part.statusbar', { hasText: 'Restricted Mode' });
  /** VS Code's own question, wherever it comes up. */
  const distrust = async () => {
    const no = window.dialog().locator('.monaco-button', { hasText: NO });
    await eventually(
      'the window is in Restricted Mode',
      async () => {
        if (await no.first().isVisible()) {
          await no.first().click({ timeout: 3_000 });
        }
        return (await restricted.isVisible()) && !(await window.dialog().isVisible());
      },
      60_000,
    );
  };

  /** @type {string} */ let id = '';
  const opened = await results.test(
    'a folder in Restricted Mode opens in a VM, and VS Code goes on not to trust it',
    async () => {
      await window.open(folder);
      await distrust();
      await results.picture('trust-restricted');
      await window.runCommand('Bulkhead: Open in Isolated VM');
      await page.waitForURL(/folder=bulkhead/, { timeout: FIRST_UP_MS });
      await window.ready();
      id = new URL(window.folder()).host;
      await window.statusSays('running', BRING_UP_MS);
      await results.picture('trust-vm');
    },
  );
  if (!opened) {
    return;
  }

  await results.test('what the folder says in .vscode/settings.json of Bulkhead does not count', async () => {
    await page.locator('.statusbar-item', { hasText: 'Allowlist' }).waitFor();
    const { network: mode, rules } = JSON.parse(await cli.must(['net', id, '--json']));
    if (mode !== 'allowlist' || rules.length > 0) {
      throw new Error(`network: ${mode}, ${JSON.stringify(rules)}`);
    }
    const { onClose } = (await cli.list()).find((/** @type {any} */ machine) => machine.id === id);
    if (onClose !== 'suspend') {
      throw new Error(`on close: ${JSON.stringify(onClose)}`);
    }
  });

  await results.test('its files, and a terminal in the VM, are there without trust', async () => {
    await window.openFile('README.md');
    await window.runCommand('Bulkhead: Open Terminal in VM');
    await window.terminalSays(/[#$] /, BRING_UP_MS);
    await window.typeInTerminal('echo "kernel $(uname -r)" | tr a-z A-Z');
    await window.terminalSays(/KERNEL \d/);
  });

  await results.test(
    'settings that the guest writes start no program of its own on this computer',
    async () => {
      const mark = join(folder, '..', 'owned-by-a-profile');
      const profile = { path: '/bin/sh', args: ['-c', `touch ${mark}; exec sh`] };
      const settings = {
        'terminal.integrated.profiles.linux': { evil: profile },
        'terminal.integrated.defaultProfile.linux': 'evil',
        'terminal.integrated.automationProfile.linux': profile,
        // The folder's path is one of the VM: a terminal here would not start in it.
        'terminal.integrated.cwd': '/',
        'terminal.integrated.env.linux': { ENV: mark, BASH_ENV: mark },
      };
      const { workspace } = JSON.parse(await cli.must(['up', folder, '--json', '--quiet']));
      await cli.exec(
        id,
        'sh',
        '-c',
        'printf %s "$1" > "$2/.vscode/settings.json"',
        'sh',
        JSON.stringify(settings),
        workspace,
      );
      await window.reload();
      await window.statusSays('running', BRING_UP_MS);
      await window.toast(/settings\.json of the VM is kept from VS Code/).waitFor({ timeout: 60_000 });
      await window.runCommand('Terminal: Create New Terminal');
      await page.waitForTimeout(5000);
      await results.picture('trust-terminal');
      await window.runCommand('Bulkhead: Open Terminal on This Computer');
      await page.waitForTimeout(5000);
      await results.picture('trust-host-terminal');
      if (existsSync(mark)) {
        throw new Error('a program of the guest’s choice ran on this computer');
      }
    },
  );

  await results.test('its task on folder open has run nowhere', async () => {
    const { workspace } = JSON.parse(await cli.must(['up', folder, '--json', '--quiet']));
    const inVm = await cli.exec(id, '/.bulkhead/bin/busybox', 'ls', workspace);
    const here = await readdir(folder);
    if (/owned/.test(inVm) || here.includes('owned')) {
      throw new Error('the task has run');
    }
  });
}
