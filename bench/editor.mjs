// npm run bench:editor [-- rounds]: how long a real VS Code takes to show many files and many machines, and what the extension
// costs while nothing is looked at. Each figure beside the same thing without Bulkhead, in the same VS Code.
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bulkheadCli } from '../test/ui/harness/bulkheadCli.mjs';
import { openChromium } from '../test/ui/harness/chromium.mjs';
import { finished, prepareCodeServer } from '../test/ui/harness/codeServer.mjs';
import { Workbench } from '../test/ui/harness/workbench.mjs';
import { ensureCodeServer, findChromium } from '../test/ui/setup.mjs';

const FILES = 20_000;
const MACHINES = 50;
const IDLE_S = 45;
const docker = (...args) => promisify(execFile)('docker', args).then(({ stdout }) => stdout.trim());
const rounds = Number(process.argv[2] ?? 3);

const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-editor-'));
const env = { XDG_DATA_HOME: join(folder, 'data'), BULKHEAD_BUILD_NETWORK: 'host' };
const cli = bulkheadCli(env);
const cleanups = [() => rm(folder, { recursive: true, force: true })];

try {
  await finished(spawn('npm', ['run', '--silent', 'package'], { stdio: 'ignore' }), 'npm run package');
  const project = join(folder, 'project');
  await mkdir(join(project, 'many'), { recursive: true });
  for (let n = 0; n < FILES; n++) {
    await writeFile(join(project, 'many', `file-${String(n).padStart(5, '0')}.txt`), '');
  }
  const { id, workspace } = JSON.parse(await cli.must(['up', project, '--json']));
  cleanups.unshift(() => cli.run(['rm', id, '--force']));

  const server = await startVsCode(['dist/bulkhead.vsix']);
  const browser = await openChromium(await findChromium());
  cleanups.unshift(
    () => browser.close(),
    () => server.stop(),
  );
  const window = new Workbench(browser.page, server.url);
  const inVm = `bulkhead://${id}${workspace}`;

  const explorer = { 'in the VM': [], 'on this computer': [] };
  for (let round = 0; round <= rounds; round++) {
    for (const [name, opened] of [
      ['in the VM', inVm],
      ['on this computer', project],
    ]) {
      await window.open(opened);
      const many = window.file('many');
      await many.waitFor({ timeout: 120_000 });
      // The explorer restores what was open, and would have read the folder already.
      await browser.page.waitForTimeout(3000);
      if ((await many.getAttribute('aria-expanded')) === 'true') {
        throw new Error('the folder is open already');
      }
      const began = performance.now();
      await window.file('many').click();
      await window.file('file-00000.txt').waitFor({ timeout: 120_000 });
      if (round > 0) {
        explorer[name].push(performance.now() - began);
      }
      await window.runCommand('Collapse Folders in Explorer');
      await browser.page
        .locator('.explorer-folders-view [aria-label="many"][aria-expanded="false"]')
        .waitFor();
      await browser.page.waitForTimeout(2000);
    }
  }
  print(`A folder of ${FILES} files: click to first row`, explorer, 'ms');

  const idle = { 'window on a VM, views hidden': [], 'window on a folder of this computer': [] };
  for (let round = 0; round < rounds; round++) {
    for (const [name, opened] of [
      ['window on a VM, views hidden', inVm],
      ['window on a folder of this computer', project],
    ]) {
      await window.open(opened);
      await window.file('many').waitFor({ timeout: 120_000 });
      await browser.page.waitForTimeout(15_000);
      idle[name].push(await hostCpuPercent(folder, IDLE_S));
    }
  }
  print(`CPU of the extension hosts over ${IDLE_S} s of nothing`, idle, '% of one CPU');

  await cli.must(['stop', id]);
  await makeMachines(id);
  const tree = { 'first row': [], 'Docker alone (docker ps)': [] };
  for (let round = 0; round <= rounds; round++) {
    await window.open(project);
    await window.file('many').waitFor({ timeout: 120_000 });
    await browser.page.locator('.activitybar [aria-label^="Explorer"]').first().waitFor();
    let began = performance.now();
    await browser.page.locator('.activitybar a.action-label[aria-label^="Bulkhead"]').click();
    await browser.page
      .locator('.pane:has(.pane-header[aria-label^="Machines"]) .monaco-list-row')
      .first()
      .waitFor();
    const first = performance.now() - began;
    await browser.page.locator('.activitybar a.action-label[aria-label^="Explorer"]').click();
    began = performance.now();
    await docker('ps', '-a', '--filter', 'label=bulkhead.machine');
    if (round > 0) {
      tree['first row'].push(first);
      tree['Docker alone (docker ps)'].push(performance.now() - began);
    }
  }
  print(`${MACHINES} machines in the tree: click to first row`, tree, 'ms');
} finally {
  for (const cleanup of cleanups) {
    await cleanup();
  }
}

/** @param {string[]} extensions */
async function startVsCode(extensions) {
  const prepared = await prepareCodeServer({
    codeServer: await ensureCodeServer(),
    folder: join(folder, 'vscode'),
    env,
    // To show a folder in one row with its only child, the explorer reads folders that nobody opened.
    settings: { 'explorer.compactFolders': false },
  });
  for (const extension of extensions) {
    await prepared.install(extension);
  }
  return prepared.start();
}

/** Containers that look like machines in every label, and never run. @param {string} like id of a real one */
async function makeMachines(like) {
  const [{ Image: image, Config: config }] = JSON.parse(await docker('inspect', `bulkhead-${like}`));
  for (let n = 0; n < MACHINES; n++) {
    const id = `bench-${n}-${process.pid}`;
    const labels = Object.entries({ ...config.Labels, 'bulkhead.machine': id, 'bulkhead.name': id });
    cleanups.unshift(() => docker('rm', `bulkhead-${id}`).catch(() => undefined));
    await docker(
      'create',
      '--name',
      `bulkhead-${id}`,
      '--network',
      'none',
      ...labels.flatMap(([key, value]) => ['--label', `${key}=${value}`]),
      image,
    );
  }
}

/**
 * CPU time that the extension hosts of the VS Code in `folder` use over some seconds, in percent of one CPU.
 * Linux: fields 14 and 15 of /proc/<pid>/stat are ticks of 10 ms (proc_pid_stat(5)).
 * @param {string} folder @param {number} seconds
 */
async function hostCpuPercent(folder, seconds) {
  const hosts = await extensionHosts(folder);
  const ticks = async () => {
    let sum = 0;
    for (const pid of hosts) {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      sum += Number(fields[11]) + Number(fields[12]);
    }
    return sum;
  };
  const before = await ticks();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  // A tick is 10 ms, so one a second is one percent.
  return ((await ticks()) - before) / seconds;
}

/** The extension host that belongs to the window that is open now: the youngest. @param {string} folder */
async function extensionHosts(folder) {
  const found = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const [command, environment] = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
    ]);
    if (command.includes('--type=extensionHost') && environment.includes(folder)) {
      found.push(Number(pid));
    }
  }
  return found.sort((a, b) => b - a).slice(0, 1);
}

/** @param {string} title @param {Record<string, number[]>} subjects @param {string} unit */
function print(title, subjects, unit) {
  console.log(`\n## ${title}\n\n| | median ${unit} | min | max |\n| --- | --- | --- | --- |`);
  for (const [name, values] of Object.entries(subjects)) {
    const sorted = values.toSorted((a, b) => a - b);
    const figures = [sorted[Math.floor(sorted.length / 2)], sorted[0], sorted.at(-1)];
    console.log(`| ${name} | ${figures.map((value) => value.toFixed(value < 10 ? 2 : 0)).join(' | ')} |`);
  }
}
