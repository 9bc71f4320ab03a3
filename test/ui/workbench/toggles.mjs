// From the walkthrough to a machine, and each toggle of the status bar: clicked, and its effect measured in the guest.
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Docker from 'dockerode';
import { eventually } from '../harness/eventually.mjs';
import { Workbench } from '../harness/workbench.mjs';

const FIRST_UP_MS = 900_000;
const BRING_UP_MS = 300_000;
const PORT = 7077;
const BUSYBOX = '/.bulkhead/bin/busybox';

/** @param {{ page: import('playwright-core').Page, url: string, results: any, cli: any, example: Function }} suite */
export async function toggles({ page, url, results, cli, example }) {
  const window = new Workbench(page, url);
  const name = `toggles-${process.pid}`;
  const parent = join(dirname(await example('bare', name)), `own-${process.pid}`);
  await mkdir(parent);
  const folder = join(parent, 'bare');
  /** @type {string} */ let id = '';
  /** @param {string} item id of a status-bar item */
  const item = (item) => page.locator(`[id="bulkhead.bulkhead.${item}"]`);
  /** @param {string} id @param {string} text @param {number} [ms] */
  const itemSays = (id, text, ms = 30_000) => item(id).filter({ hasText: text }).waitFor({ timeout: ms });
  const frame = () => page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
  const step = (/** @type {string} */ id) =>
    page.locator(`.getting-started-step[data-step-id="bulkhead.bulkhead#start#${id}"]`);
  const stepDone = (/** @type {string} */ id) =>
    step(id).locator('.codicon-getting-started-step-checked').waitFor();
  const openWalkthrough = async () => {
    await eventually('the walkthrough is open', async () => {
      await window.runCommand('Welcome: Open Walkthrough...');
      await window.quickPickRow('Get Started with Bulkhead').click({ timeout: 3000 });
      await step('checkSystem').waitFor({ timeout: 5000 });
      return true;
    });
  };
  const walkthroughPicture = async (/** @type {string} */ name) => {
    const media = page.frameLocator('.getting-started-media iframe.webview.ready');
    await media.frameLocator('iframe#active-frame').locator('svg').waitFor();
    await results.picture(name);
  };
  const otherTheme = async () => {
    const dark = page.locator('.monaco-workbench.vs-dark');
    const was = await dark.count();
    await window.runCommand('Preferences: Toggle between Light/Dark Themes');
    await eventually('the theme is the other one', async () => (await dark.count()) !== was);
  };
  /** Clicks an item until its quick pick is there. @param {string} id @param {string} row */
  const openPick = (id, row) =>
    eventually(`a click on "${id}" offers "${row}"`, async () => {
      await page.keyboard.press('Escape');
      await item(id).click({ timeout: 3000 });
      await window.quickPickRow(row).waitFor({ timeout: 3000 });
      return true;
    });

  await results.test('the walkthrough opens and its first step checks the system', async () => {
    await window.open();
    await openWalkthrough();
    await walkthroughPicture('walkthrough-light');
    await step('checkSystem').locator('.monaco-button', { hasText: 'Check System' }).click();
    await frame().getByRole('button', { name: 'Check Again' }).waitFor({ timeout: FIRST_UP_MS });
    await frame().locator('[data-finding="engine"].ok').waitFor();
    await frame().locator('[data-finding="disk"]').waitFor();
    await frame().locator('[data-finding="leftovers"]').waitFor();
    await results.picture('check-system-light');
    await openWalkthrough();
    await stepDone('checkSystem');
  });

  await results.test('the page of Check System is fit for a screen reader, in both themes', async () => {
    await window.runCommand('Bulkhead: Check System');
    await frame().getByRole('button', { name: 'Check Again' }).waitFor({ timeout: BRING_UP_MS });
    await otherTheme();
    await results.picture('check-system-dark');
    const axe = await readFile(new URL('../../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
    const main = await frame().locator('main').elementHandle();
    const inside = await main?.ownerFrame();
    // Evaluated by the debugger, so the page's own policy is not in its way.
    await inside?.evaluate(axe);
    const violations = (await inside?.evaluate('axe.run()'))?.violations ?? [{ id: 'no frame', nodes: [] }];
    if (violations.length > 0) {
      throw new Error(JSON.stringify(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])));
    }
    await openWalkthrough();
    await walkthroughPicture('walkthrough-dark');
    await otherTheme();
  });

  await results.test(
    'a fix is typed into a terminal on this computer, and works once Enter is pressed',
    async () => {
      const { findings } = JSON.parse(await cli.must(['doctor', '--json']));
      const data = /lie in (.+) \(/.exec(findings.find((each) => each.id === 'data').message)?.[1] ?? '';
      await chmod(data, 0o755);
      await window.runCommand('Bulkhead: Check System');
      const finding = frame().locator('[data-finding="data"].warning');
      await finding.getByRole('button').first().click({ timeout: BRING_UP_MS });
      await window.terminalSays(`chmod go-rwx ${data}`);
      if (((await stat(data)).mode & 0o777) !== 0o755) {
        throw new Error('the command ran without Enter');
      }
      await page.locator('.terminal-wrapper.active .xterm-helper-textarea').focus();
      await page.keyboard.press('Enter');
      await eventually('the folder is private', async () => ((await stat(data)).mode & 0o777) === 0o700);
      await window.runCommand('Terminal: Kill All Terminals');
      await frame().getByRole('button', { name: 'Check Again' }).click({ timeout: BRING_UP_MS });
      await frame().locator('[data-finding="data"].ok').waitFor({ timeout: BRING_UP_MS });
    },
  );

  await results.test(
    'Copy Report puts the findings on the clipboard; Clean Up asks before it removes',
    async () => {
      await frame().getByRole('button', { name: 'Check Again' }).waitFor({ timeout: BRING_UP_MS });
      await frame().getByRole('button', { name: 'Copy Report' }).click();
      await eventually('the report is on the clipboard', async () =>
        /^Bulkhead [\d.]+, VS Code .*\n\nok {7}data: /.test(
          await page.evaluate(() => navigator.clipboard.readText()),
        ),
      );
    },
  );

  const opened = await results.test('Open an Example copies it and opens it in a VM', async () => {
    await openWalkthrough();
    await step('openExample').click();
    await step('openExample').locator('.monaco-button', { hasText: 'Open an Example' }).click();
    await window.pick('Bare');
    await results.picture('example-where');
    await window.pick('In Another Folder…');
    const input = page.locator('.quick-input-widget input.input');
    const here = page.locator('.quick-input-widget .monaco-button', { hasText: 'Put It Here' });
    await here.waitFor();
    await eventually('the dialog takes the folder', async () => {
      await input.fill(`${parent}/`);
      await page.waitForTimeout(500);
      if ((await input.inputValue()) !== `${parent}/`) {
        return false;
      }
      await here.click();
      return true;
    });
    await page.waitForURL(/folder=bulkhead/, { timeout: FIRST_UP_MS });
    await window.ready();
    id = new URL(window.folder()).host;
    await window.statusSays('running', BRING_UP_MS);
    await window.file('hello.sh').waitFor();
    if ((await stat(join(folder, 'hello.sh'))).size === 0) {
      throw new Error('the example was not copied');
    }
  });
  if (!opened) {
    return;
  }

  const docker = new Docker();
  const word = randomBytes(16).toString('hex');
  const { Image: kit } = await docker.getContainer(`bulkhead-${id}`).inspect();
  // Stands in for a host on the network: it greets whoever connects.
  const stranger = await docker.createContainer({
    Image: kit,
    Labels: { 'bulkhead.worker': 'test' },
    Entrypoint: ['socat', `TCP-LISTEN:${PORT},fork,reuseaddr`, `SYSTEM:echo ${word}`],
    Cmd: [],
  });
  try {
    await stranger.start();
    const address = (await stranger.inspect()).NetworkSettings.Networks['bridge']?.IPAddress ?? '';
    /** Whether the guest hears the stand-in. */
    const reaches = async () => {
      const nc = [BUSYBOX, 'timeout', '15', BUSYBOX, 'nc', '-w', '5', address, String(PORT)];
      return (await cli.run(['exec', id, '--', ...nc])).stdout.trim() === word;
    };
    const mustReach = async (/** @type {boolean} */ expected) => {
      if ((await reaches()) !== expected) {
        throw new Error(
          expected ? 'the guest does not reach the stand-in' : 'the guest reaches the stand-in',
        );
      }
    };
    const mode = async () => JSON.parse(await cli.must(['net', id, '--json'])).network;
    await networkTests(mustReach, mode);
  } finally {
    await stranger.remove({ force: true });
  }
  await otherTests();

  /** @param {(expected: boolean) => Promise<void>} mustReach @param {() => Promise<string>} mode */
  async function networkTests(mustReach, mode) {
    await results.test('the items show what is: an allowlist, a copy, suspended on close', async () => {
      await itemSays('network', 'Allowlist');
      await itemSays('workspace', 'Copy');
      await itemSays('keepAwake', 'Suspend on Close');
      await mustReach(false);
      await results.picture('toggles-light');
    });

    await results.test('from the allowlist to no network and back, without a question', async () => {
      for (const [label, expected] of [
        ['No Network', 'none'],
        ['Allowlist', 'allowlist'],
      ]) {
        await openPick('network', label);
        await results.picture('network-pick');
        await window.pick(label);
        await itemSays('network', label);
        if ((await mode()) !== expected) {
          throw new Error(`the network is ${await mode()}`);
        }
        await mustReach(false);
      }
    });

    await results.test('opening the network asks first; Cancel leaves it shut', async () => {
      await openPick('network', 'Full Network');
      await window.pick('Full Network');
      await window.dialog().filter({ hasText: 'metadata services' }).waitFor();
      await results.picture('network-full-asks');
      await window.pressInDialog('Cancel');
      await itemSays('network', 'Allowlist');
      await mustReach(false);
    });

    await results.test('after a yes the guest reaches the network at once, and the item warns', async () => {
      await openPick('network', 'Full Network');
      await window.pick('Full Network');
      await window.pressInDialog('Open the Network');
      await itemSays('network', 'Full Network');
      await page.locator('[id="bulkhead.bulkhead.network"].error-kind').waitFor();
      await mustReach(true);
      await window.toast('a workspace’s file can’t grant this').waitFor();
      await results.picture('network-full');
      await window.pressInToast('a workspace’s file can’t grant this', 'Shut It Again');
      await itemSays('network', 'No Network');
      await mustReach(false);
    });

    await results.test('a change by the command line shows in the item', async () => {
      await cli.must(['net', id, 'full']);
      await itemSays('network', 'Full Network');
      await cli.must(['net', id, 'none']);
      await itemSays('network', 'No Network');
      await cli.must(['net', id, 'full']);
      await itemSays('network', 'Full Network');
    });

    await results.test('shut by a click; "Keep for This Workspace" writes the folder’s file', async () => {
      await openPick('network', 'No Network');
      await window.pick('No Network');
      await itemSays('network', 'No Network');
      await mustReach(false);
      await window.pressInToast(/Network of bare: No Network/, 'Keep for This Workspace');
      const file = join(folder, '.bulkhead.json');
      await eventually('the file says so', async () =>
        /"mode"\s*:\s*"none"/.test(await readFile(file, 'utf8')),
      );
      await window.toast('network.mode').waitFor();
    });
  }

  async function otherTests() {
    await results.test('the workspace says what a copy is; what is left out goes into the file', async () => {
      await mkdir(join(folder, 'node_modules'));
      await openPick('workspace', 'Mount, Read-Only');
      await results.picture('workspace-pick');
      await window.pick('Choose What Is Left Out');
      await window.quickPickRow('node_modules').click();
      await results.picture('workspace-exclude');
      await page.locator('.quick-input-widget .monaco-button', { hasText: 'OK' }).click();
      await eventually('the file says so', async () =>
        /"exclude"\s*:\s*\[\s*"node_modules"\s*\]/.test(
          await readFile(join(folder, '.bulkhead.json'), 'utf8'),
        ),
      );
    });

    await results.test('kept awake, the machine still runs after its window has closed', async () => {
      await openPick('keepAwake', 'Keep Running');
      await results.picture('keep-awake-pick');
      await window.pick('Keep Running');
      await itemSays('keepAwake', 'Keep Running');
      const chosen = JSON.parse(await cli.must(['on-close', id, '--json']));
      if (chosen.onClose !== 'keep' || !chosen.chosen) {
        throw new Error(JSON.stringify(chosen));
      }
      await closeWindow();
      // The grace after which a machine without a window is put to rest is 8 s.
      await page.waitForTimeout(12_000);
      if ((await cli.state(id)) !== 'running') {
        throw new Error(`the machine is ${await cli.state(id)}`);
      }
    });

    await results.test(
      'the choice is there again with the window; the command line’s shows too',
      async () => {
        const workspace = (await cli.list()).find((machine) => machine.id === id).workspaceFolder;
        await window.open(`bulkhead://${id}${workspace}`);
        await window.statusSays('running', BRING_UP_MS);
        await itemSays('keepAwake', 'Keep Running');
        await cli.must(['on-close', id, 'stop']);
        await itemSays('keepAwake', 'Stop on Close');
      },
    );

    await results.test('the menu of the machine has its verbs and toggles', async () => {
      await openPick('machine', 'Suspend');
      for (const row of ['Open Terminal', 'Network', 'When the Last Window Closes', 'Ports']) {
        await window.quickPickRow(row).waitFor();
      }
      await results.picture('machine-menu');
      // The list is longer than its window.
      await page.locator('.quick-input-widget input.input').fill('Check');
      await window.quickPickRow('Check System').waitFor();
      await page.keyboard.press('Escape');
    });

    await results.test('the steps of the walkthrough have ticked themselves off', async () => {
      await openWalkthrough();
      await stepDone('checkSystem');
      await stepDone('openExample');
      await stepDone('network');
      await step('resources').click();
      await step('resources').locator('.monaco-button', { hasText: 'Show Resources' }).click();
      await openWalkthrough();
      await stepDone('resources');
      await otherTheme();
      await results.picture('toggles-dark');
      await otherTheme();
    });

    await results.test('set to suspend, the machine sleeps after its window has closed', async () => {
      await openPick('keepAwake', 'Suspend on Close');
      await window.pick('Suspend on Close');
      await itemSays('keepAwake', 'Suspend on Close');
      await closeWindow();
      await eventually('it is suspended', async () => (await cli.state(id)) === 'suspended', BRING_UP_MS);
    });
  }

  /** Leaves the window for an empty one, and waits until its extension host has let go of the machine. */
  async function closeWindow() {
    const { findings } = JSON.parse(await cli.must(['doctor', '--json']));
    const data = /lie in (.+) \(/.exec(findings.find((each) => each.id === 'data').message)?.[1] ?? '';
    await window.open();
    await eventually(
      'the window has let go of the machine',
      async () => (await readdir(join(data, 'leases', id))).length === 0,
      60_000,
    );
  }
}
