// The Machines and Ports views against a real VM: what they say is what the engine and the guest say.
import { execFile, execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../harness/eventually.mjs';
import { TreeView } from '../harness/treeView.mjs';
import { Workbench } from '../harness/workbench.mjs';

const BRING_UP_MS = 300_000;
const FIRST_UP_MS = 900_000;
const run = promisify(execFile);

/** @param {{ page: import('playwright-core').Page, url: string, results: any, cli: any, example: Function }} suite */
export async function machinesAndPorts({ page, url, results, cli, example }) {
  const window = new Workbench(page, url);
  const machines = new TreeView(page, 'Machines');
  const resources = new TreeView(page, 'Resources');
  const ports = new TreeView(page, 'Ports');
  const network = new TreeView(page, 'Network');
  // Near the top of the list: rows that are out of sight are not in the page.
  const name = `a-${process.pid}`;
  const folder = await example('bare', name);
  // Of this computer and, with luck, free until the guest's port is forwarded to it.
  const [port, otherPort, settingsPort] = await freePorts(3);
  await writeFile(join(folder, '.bulkhead.json'), JSON.stringify({ forwardPorts: [settingsPort] }));
  /** @type {string} */ let id = '';
  /** @type {string} */ let workspace = '';

  await results.test(
    'the Bulkhead container shows the machines there are, or what to do without one',
    async () => {
      await window.open();
      await showViews();
      await resources.collapse();
      await ports.collapse();
      await network.collapse();
      const there = await cli.list();
      await (there.length === 0 ? machines.welcome() : machines.rows().first()).waitFor();
      if (there.length === 0) {
        await machines.welcome().locator('.monaco-button', { hasText: 'Open in Isolated VM' }).waitFor();
      }
      await results.picture('machines-empty');
    },
  );

  const made = await results.test('a machine that is made appears, with its state', async () => {
    const up = JSON.parse(await cli.must(['up', folder, '--json', '--quiet', '--allow-ports']));
    id = up.id;
    workspace = up.workspace;
    await machines.says(name, /running/, FIRST_UP_MS);
  });
  if (!made) {
    return;
  }

  await results.test('below it stand disk, network, folder and image, and what it takes now', async () => {
    await machines.expand(name);
    await machines.says(name, /running · \d+% CPU · [\d.]+ [KMG]iB · (tcg|kvm)/);
    await machines.says('Disk', /[\d.]+ [KMG]iB of [\d.]+ GiB written, image [\d.]+ [KMG]iB/);
    await machines.says('Network', /^allowlist/);
    await machines.says('Resources', /CPU, .* memory/);
    await machines.says('Folder', new RegExp(`${name}$`));
    await machines.says('Ports', /none listening|\d+ listening/);
    await machines.expand('Disk');
    await machines.row('Written in the VM').waitFor();
    await machines.row('Image layers, shared').waitFor();
    await results.picture('machines');
  });

  await results.test('Copy SSH Command copies a line that works', async () => {
    await machines.menu(name, 'Copy SSH Command');
    const line = await eventually('the clipboard has the line', async () => {
      const text = await page.evaluate(() => navigator.clipboard.readText());
      return text.startsWith('ssh -F ') && text.includes(id) ? text : undefined;
    });
    await run('sh', ['-c', `${line} true`], { timeout: 60_000 });
    const { stdout } = await run('sh', ['-c', `${line} cat /proc/version`], { timeout: 60_000 });
    if (stdout.trim() !== (await cli.exec(id, 'cat', '/proc/version')).trim()) {
      throw new Error(`the line reaches another machine: ${stdout}`);
    }
  });

  await results.test('the shell of a machine that is not the window’s is in that machine', async () => {
    await machines.press(name, 'Open Terminal in VM');
    await window.terminalSays(/[#$] /);
    await window.typeInTerminal('echo "in $(cat /proc/sys/kernel/hostname)"');
    const host = (await cli.exec(id, 'cat', '/proc/sys/kernel/hostname')).trim();
    await window.terminalSays(`in ${host}`);
    await window.typeInTerminal('exit');
    await page.locator('.terminal-wrapper.active').waitFor({ state: 'detached' });
  });

  await results.test('Suspend and Start in its row do what they say', async () => {
    await machines.press(name, 'Suspend');
    await machines.says(name, /^suspended/, BRING_UP_MS);
    await eventually('the engine says so too', async () => (await cli.state(id)) === 'suspended');
    await machines.row('Saved memory').waitFor();
    await results.picture('machines-suspended');
    await machines.press(name, 'Start or Resume');
    await machines.says(name, /^running/, BRING_UP_MS);
    await eventually('the engine says so too', async () => (await cli.state(id)) === 'running');
  });

  await results.test('the console is shown as text that can’t be edited', async () => {
    await machines.menu(name, 'Show Console');
    await page.locator('.tab', { hasText: '(console)' }).waitFor();
    await window.editor().waitFor();
    await window.runCommand('View: Close All Editors');
  });

  await results.test('several are removed with one question that names each', async () => {
    const others = [`${name}-a`, `${name}-b`];
    await machines.collapseRow(name);
    for (const other of others) {
      createLabelled(other, await example('bare', other));
      await machines.row(other).waitFor();
    }
    await machines.row(others[0]).click();
    await machines.row(others[1]).click({ modifiers: ['Control'] });
    await machines.menu(others[1], 'Remove');
    for (const other of others) {
      await window.dialog().filter({ hasText: other }).waitFor();
    }
    await results.picture('remove-several');
    await window.pressInDialog('Cancel');
    if ((await cli.list()).filter((machine) => others.includes(machine.id)).length !== 2) {
      throw new Error('Cancel has removed something');
    }
    await machines.menu(others[1], 'Remove');
    await window.pressInDialog('Remove');
    await eventually(
      'both are gone',
      async () => !(await cli.list()).some((machine) => others.includes(machine.id)),
      BRING_UP_MS,
    );
    for (const other of others) {
      await machines.row(other).waitFor({ state: 'detached' });
    }
  });

  await results.test('Open shows the machine’s files, and the view puts it first', async () => {
    await machines.press(name, 'Open Machine');
    await page.waitForURL(/folder=bulkhead/, { timeout: 60_000 });
    await window.ready();
    await window.statusSays('running', BRING_UP_MS);
    await showViews();
    await resources.collapse();
    await network.collapse();
    await machines.row('Disk').waitFor();
    if (!(await machines.rows().first().getAttribute('aria-label'))?.startsWith(name)) {
      throw new Error('the window’s machine is not the first');
    }
    await ports.says(
      String(settingsPort),
      new RegExp(`127\\.0\\.0\\.1:${settingsPort} · nothing listens yet`),
    );
  });

  await results.test('a server in the guest is announced, and opens in the browser', async () => {
    await cli.exec(id, '/.bulkhead/bin/busybox', 'httpd', '-p', String(port), '-h', workspace);
    await window.toast(`Port ${port}`).waitFor({ timeout: 60_000 });
    await results.picture('port-notice');
    const popup = page.context().waitForEvent('page');
    await window.pressInToast(`Port ${port}`, 'Open in Browser');
    const opened = await popup;
    await showViews();
    await ports.says(String(port), /127\.0\.0\.1:\d+/);
    const served = await page.request.get(new URL('hello.sh', await addressOf(opened)).href);
    const original = await cli.exec(id, 'cat', `${workspace}/hello.sh`);
    if ((await served.text()) !== original) {
      throw new Error(`the browser got something else: ${served.status()}`);
    }
    await opened.close();
    await results.picture('ports');
  });

  await results.test('Change Local Port moves it, and the old port is closed', async () => {
    const before = await localAddress();
    await ports.menu(String(port), 'Change Local Port…');
    const input = page.locator('.quick-input-widget input.input');
    await input.waitFor();
    await input.fill('70000');
    await page.locator('.quick-input-message', { hasText: '1 to 65535' }).waitFor();
    await input.fill(String(otherPort));
    await input.press('Enter');
    await ports.says(String(port), new RegExp(`127\\.0\\.0\\.1:${otherPort}`));
    await fetched(`127.0.0.1:${otherPort}`);
    await refused(before);
  });

  await results.test(
    'the forward ends with the machine and is back on the same port after a resume',
    async () => {
      await machines.press(name, 'Suspend');
      await machines.says(name, /^suspended/, BRING_UP_MS);
      await refused(`127.0.0.1:${otherPort}`);
      await machines.press(name, 'Start or Resume');
      await ports.says(String(port), new RegExp(`127\\.0\\.0\\.1:${otherPort}`), BRING_UP_MS);
      await fetched(`127.0.0.1:${otherPort}`);
    },
  );

  await results.test('Stop Forwarding closes the port', async () => {
    await ports.press(String(port), 'Stop Forwarding Port');
    await eventually(
      'the row has no address',
      async () => !(await ports.description(String(port))).includes('127.0.0.1'),
    );
    await refused(`127.0.0.1:${otherPort}`);
  });

  /** A window that loads may put the explorer in front once more. */
  async function showViews() {
    await eventually('the views are shown', async () => {
      if (!(await machines.pane.isVisible())) {
        await window.runCommand('View: Show Bulkhead');
      }
      await machines.pane.waitFor({ timeout: 3_000 });
      return true;
    });
  }

  /** Where the row says that the port is. */
  async function localAddress() {
    return /127\.0\.0\.1:\d+/.exec(await ports.description(String(port)))?.[0] ?? '';
  }

  /** @param {string} address */
  async function fetched(address) {
    const served = await eventually(`${address} answers`, () =>
      page.request.get(`http://${address}/hello.sh`),
    );
    if (served.status() !== 200) {
      throw new Error(`${address} answers ${served.status()}`);
    }
  }

  /** @param {string} address */
  function refused(address) {
    return eventually(`${address} is closed`, () =>
      page.request.get(`http://${address}/`).then(
        () => false,
        (error) => /ECONNREFUSED/.test(String(error)),
      ),
    );
  }
}

/** The address that a page was opened with, once it is there. @param {import('playwright-core').Page} opened */
function addressOf(opened) {
  return eventually('the page has an address', () =>
    opened.url().startsWith('http') ? opened.url() : undefined,
  );
}

/**
 * A machine that exists and was never started: a container with a machine's labels.
 * @param {string} id @param {string} folder
 */
function createLabelled(id, folder) {
  const labels = {
    machine: id,
    name: id,
    folder,
    accelerator: 'tcg',
    cpus: '1',
    memory: String(2 ** 29),
    'disk-size': String(2 ** 30),
    user: 'root',
    workspace: '/workspace',
    disk: '0'.repeat(64),
    image: '',
    'image-reference': 'none',
    spec: '',
    generation: '',
  };
  const [kit] = execFileSync('docker', ['images', '-q', 'bulkhead-kit'], { encoding: 'utf8' }).split('\n');
  execFileSync('docker', [
    'create',
    '--name',
    `bulkhead-${id}`,
    ...Object.entries(labels).flatMap(([key, value]) => ['--label', `bulkhead.${key}=${value}`]),
    kit ?? '',
  ]);
}

/** @param {number} count @returns {Promise<number[]>} */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      await new Promise((resolve) => server.close(resolve));
      return port;
    }),
  );
}
