// A guest asks for a host: it is denied, the user is told, allows it, and the same request passes; and the view of all that.
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../harness/eventually.mjs';
import { TreeView } from '../harness/treeView.mjs';
import { Workbench } from '../harness/workbench.mjs';

const FIRST_UP_MS = 900_000;
const BRING_UP_MS = 300_000;
const WORD = 'let through';
/** The stand-in for the internet: a Docker network of this run, in TEST-NET-2, that the machine's proxy is in. */
export const EGRESS_NETWORK = `bulkhead-ui-${process.pid}`;
const SUBNET = '198.51.100.192/26';

/** @param {{ page: import('playwright-core').Page, url: string, results: any, cli: any, example: Function }} suite */
export async function network({ page, url, results, cli, example }) {
  const window = new Workbench(page, url);
  const view = new TreeView(page, 'Network');
  const folder = await example('bare', `network-${process.pid}`);
  /** @type {string} */ let id = '';
  /** What the guest gets of a host, or why it gets nothing. @param {string} host */
  const fetch = async (host) => {
    const { stdout, stderr } = await cli.run([
      'exec',
      id,
      '--',
      '/.bulkhead/bin/busybox',
      'wget',
      '-T',
      '20',
      '-q',
      '-O',
      '-',
      `http://${host}/`,
    ]);
    return stdout.trim() === '' ? stderr : stdout.trim();
  };
  const passes = (/** @type {string} */ host) =>
    eventually(`${host} answers`, async () => (await fetch(host)) === WORD);
  const isDenied = async (/** @type {string} */ host) => {
    const got = await fetch(host);
    if (!/403/.test(got)) {
      throw new Error(`${host}: ${got}`);
    }
  };
  const standIn = startStandIn(['one.test', 'two.test', 'three.test', 'mirror.test']);
  try {
    const opened = await results.test(
      'a machine opens with an allowlist that has nothing on it',
      async () => {
        await window.open(folder);
        await window.file('README.md').waitFor();
        await window.runCommand('Bulkhead: Open in Isolated VM');
        await page.waitForURL(/folder=bulkhead/, { timeout: FIRST_UP_MS });
        await window.ready();
        id = new URL(window.folder()).host;
        await window.statusSays('running', BRING_UP_MS);
        await page.locator('.statusbar-item', { hasText: 'Allowlist' }).waitFor();
      },
    );
    if (!opened) {
      return;
    }

    await results.test('a denied host is told of, and after Allow Once the same request passes', async () => {
      await isDenied('one.test');
      const toast = 'asked for one.test:80 and was denied';
      await window.toast(toast).waitFor();
      await results.picture('network-denied');
      await window.pressInToast(toast, 'Allow Once');
      await passes('one.test');
      await isDenied('two.test');
    });

    await results.test('the view says what was asked for, allowed and denied, and why', async () => {
      await window.runCommand('View: Show Bulkhead');
      await eventually('the Network view is open', async () => {
        await window.runCommand('Bulkhead: Focus on Network View');
        await view.says('one.test:80', /^allowed · .* of them denied/, 5_000);
        return true;
      });
      await view.says('two.test:80', /^denied · no rule allows it/);
      await view.says('Allowlist', /^one host is allowed/);
      await results.picture('network-view');
    });

    await results.test('Revoke shuts it again', async () => {
      await view.press('one.test:80', 'Revoke');
      await view.says('Allowlist', /^no host is allowed/);
      await isDenied('one.test');
      await view.says('one.test:80', /^denied/);
    });

    await results.test(
      'Always Allow for This Workspace writes the file, and is the agreement to it',
      async () => {
        await view.menu('two.test:80', 'Always Allow for This Workspace');
        await passes('two.test');
        const written = JSON.parse(await readFile(join(folder, '.bulkhead.json'), 'utf8'));
        if (String(written.network.allow) !== 'two.test') {
          throw new Error(`written: ${JSON.stringify(written)}`);
        }
        const { asks } = JSON.parse(await cli.must(['consent', folder, '--json']));
        if (asks.length !== 1 || !asks[0].granted) {
          throw new Error(`not agreed to: ${JSON.stringify(asks)}`);
        }
      },
    );

    await results.test(
      'many denials are one notification, and a choice of some lets those through',
      async () => {
        const hosts = ['three.test', ...Array.from({ length: 6 }, (_, index) => `other-${index}.test`)];
        // From one shell: what comes over several seconds is several notifications.
        const ask = 'for host; do /.bulkhead/bin/busybox wget -T 20 -q -O - "http://$host/" & done; wait';
        await cli.exec(id, 'sh', '-c', ask, 'ask', ...hosts);
        const toast = /asked for \d+ hosts and was denied/;
        await window.toast(toast).waitFor();
        if ((await page.locator('.notification-list-item', { hasText: 'was denied' }).count()) > 2) {
          throw new Error('a flood of notifications');
        }
        await window.pressInToast(toast, 'Choose…');
        await page.locator('.quick-input-list .monaco-list-row', { hasText: 'three.test' }).click();
        await page.keyboard.press('Enter');
        await window.pick('Allow for This Machine');
        await passes('three.test');
        await isDenied('other-0.test');
        await results.picture('network-many');
      },
    );

    // Room for all rows: what is not on the screen is not in the DOM.
    for (const title of ['Machines', 'Resources', 'Ports']) {
      await new TreeView(page, title).collapse();
    }

    await results.test('Copy Host puts a row’s host on the clipboard', async () => {
      await view.menu('two.test:80', 'Copy Host');
      await eventually('it is there', async () => {
        const text = await page.evaluate(() => navigator.clipboard.readText());
        return text === 'two.test';
      });
    });

    await results.test(
      'Allow Package Hosts shows what the tool in the VM names, and allows what stays ticked',
      async () => {
        await cli.exec(
          id,
          'sh',
          '-c',
          'rm -rf /etc/apt/sources.list.d; printf "deb http://%s/debian trixie main\\n" mirror.test other.test > /etc/apt/sources.list',
        );
        await isDenied('mirror.test');
        const tick = (/** @type {string} */ host) =>
          page.locator('.quick-input-list .monaco-list-row', { hasText: host });
        await window.runCommand('Bulkhead: Allow Package Hosts…');
        await window.pick('apt');
        await tick('mirror.test').waitFor({ timeout: 60_000 });
        await results.picture('network-package-hosts');
        await tick('other.test').click();
        await page.keyboard.press('Enter');
        await window.toast('This machine reaches mirror.test').waitFor({ timeout: 60_000 });
        await passes('mirror.test');
        await isDenied('other.test');
      },
    );

    await results.test('notifications of denied hosts can be turned off, and on again', async () => {
      const command = 'Bulkhead: Turn Notifications of Denied Hosts On or Off';
      await window.runCommand(command);
      await window.toast('You are no longer told of denied hosts').waitFor();
      await isDenied('quiet.test');
      await view.says('quiet.test:80', /^denied/);
      await window.runCommand(command);
      await window.toast('You are told when a VM asks for a host').waitFor();
      await isDenied('loud.test');
      await window.toast('asked for loud.test:80 and was denied').waitFor();
      if ((await page.locator('.notification-list-item', { hasText: 'quiet.test' }).count()) > 0) {
        throw new Error('it was told of though that was turned off');
      }
    });
  } finally {
    standIn.stop();
  }
}

/** A web server under these names, in a network of its own that leads nowhere else. @param {string[]} names */
function startStandIn(names) {
  const docker = (/** @type {string[]} */ ...args) =>
    execFileSync('docker', args, { encoding: 'utf8' }).trim();
  docker('network', 'create', '--internal', '--subnet', SUBNET, EGRESS_NETWORK);
  const server = docker(
    'run',
    '-d',
    '--network',
    EGRESS_NETWORK,
    ...names.flatMap((name) => ['--network-alias', name]),
    'python:3.13-slim',
    'sh',
    '-c',
    `mkdir /tmp/www && cd /tmp/www && echo "${WORD}" > index.html && exec python3 -m http.server 80`,
  );
  return {
    stop() {
      docker('rm', '-f', server);
      // The machine's proxy is still in it.
      const format = '{{range $id, $_ := .Containers}}{{$id}} {{end}}';
      const others = docker('network', 'inspect', '-f', format, EGRESS_NETWORK).split(' ').filter(Boolean);
      for (const other of others) {
        docker('network', 'disconnect', '-f', EGRESS_NETWORK, other);
      }
      docker('network', 'rm', EGRESS_NETWORK);
    },
  };
}
