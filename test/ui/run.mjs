// npm run test:ui — the packaged extension in a real VS Code, against the real engine and a real VM.
// Options: --only=<part of a suite's name>, --keep (leave machines and temporary folders).
import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bulkheadCli } from './harness/bulkheadCli.mjs';
import { openChromium } from './harness/chromium.mjs';
import { finished, prepareCodeServer } from './harness/codeServer.mjs';
import { Results } from './harness/results.mjs';
import { runHostTests } from './host/runHostTests.mjs';
import { CHROMIUM_PACKAGE, ensureCodeServer, findChromium } from './setup.mjs';
import { cancelAndFailure } from './workbench/cancelAndFailure.mjs';
import { consent } from './workbench/consent.mjs';
import { credentials, ownAgent } from './workbench/credentials.mjs';
import { find } from './workbench/find.mjs';
import { journey } from './workbench/journey.mjs';
import { machinesAndPorts } from './workbench/machinesAndPorts.mjs';
import { mount } from './workbench/mount.mjs';
import { EGRESS_NETWORK, network } from './workbench/network.mjs';
import { noEngine } from './workbench/noEngine.mjs';
import { resources } from './workbench/resources.mjs';
import { review } from './workbench/review.mjs';
import { settings as settingsFile } from './workbench/settings.mjs';
import { sourceControl } from './workbench/sourceControl.mjs';
import { toggles } from './workbench/toggles.mjs';
import { workspaceTrust } from './workbench/workspaceTrust.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const VSIX = join(ROOT, 'dist/bulkhead.vsix');
const only = process.argv.find((arg) => arg.startsWith('--only='))?.slice('--only='.length) ?? '';
const keep = process.argv.includes('--keep');

const results = new Results(join(ROOT, 'test-results/ui'));
const temporary = await mkdtemp(join(tmpdir(), 'bulkhead-ui-'));
// Keys and leases of these machines stay apart from the user's own.
const env = {
  XDG_DATA_HOME: join(temporary, 'data'),
  // Docker's own bridge has no way out on some machines; builds of the examples may need packages.
  BULKHEAD_BUILD_NETWORK: 'host',
};
const cli = bulkheadCli(env);

/** @type {(() => Promise<void>) | undefined} Ends the server and the browser that are running. */
let stopRunning;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => interrupted(signal));
}

try {
  const chromium = await findChromium();
  if (!chromium) {
    throw new Error(
      `No Chromium found. Install it (Debian: apt-get install ${CHROMIUM_PACKAGE}) or set BULKHEAD_CHROMIUM.`,
    );
  }
  const codeServer = await ensureCodeServer();
  await rm(results.folder, { recursive: true, force: true });
  await finished(
    spawn('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' }),
    'npm run build',
  );
  await finished(
    spawn('npm', ['run', '--silent', 'package'], { cwd: ROOT, stdio: 'inherit' }),
    'npm run package',
  );

  /**
   * A copy of an example, so that the repository's own files stay as they are.
   * @param {string} name @param {string} [as] name of the copy
   */
  const example = async (name, as = name) => {
    const folder = join(temporary, 'examples', as);
    await cp(join(ROOT, 'examples', name), folder, { recursive: true });
    return folder;
  };
  /**
   * One server, one browser, the packaged extension.
   * @param {string} name @param {Function} suite @param {Record<string, string>} [extra] environment
   * @param {{ workspaceTrust?: boolean }} [editor]
   */
  const inWorkbench = async (name, suite, extra = {}, editor = {}) => {
    if (!name.includes(only)) {
      return;
    }
    const before = results.counts();
    await attempt(name, name, suite, extra, editor);
    if (results.failed > before.failed) {
      // A browser on a busy machine loses a key or a click now and then. What is really broken fails again.
      console.log(`# ${name} failed; once more, with a fresh editor, new folders and no machines`);
      results.restore(before);
      await removeMachines();
      await rm(join(temporary, 'examples'), { recursive: true, force: true });
      await attempt(name, `${name}-again`, suite, extra, editor);
    }
  };
  /**
   * @param {string} name @param {string} folder @param {Function} suite @param {Record<string, string>} extra
   * @param {{ workspaceTrust?: boolean }} editor
   */
  const attempt = async (name, folder, suite, extra, editor) => {
    console.log(`# ${name}`);
    const prepared = await prepareCodeServer({
      codeServer,
      folder: join(temporary, folder),
      env: { ...env, ...extra },
      ...editor,
    });
    await prepared.install(VSIX);
    const server = await prepared.start();
    const browser = await openChromium(chromium);
    results.screenshot = (path) => browser.page.screenshot({ path });
    stopRunning = async () => {
      stopRunning = undefined;
      results.screenshot = undefined;
      await browser.close();
      await server.stop();
    };
    try {
      await suite({ page: browser.page, url: server.url, results, cli, example });
    } catch (error) {
      results.add(
        `${name} runs to its end`,
        error instanceof Error ? (error.stack ?? error.message) : String(error),
      );
    } finally {
      await stopRunning?.();
    }
  };

  await inWorkbench('journey', journey);
  await inWorkbench('resources', resources);
  await inWorkbench('machines-and-ports', machinesAndPorts);
  await inWorkbench('cancel-and-failure', cancelAndFailure);
  await inWorkbench('find', find);
  await inWorkbench('toggles', toggles);
  await inWorkbench('settings', settingsFile);
  await inWorkbench('consent', consent);
  await inWorkbench('workspace-trust', workspaceTrust, {}, { workspaceTrust: true });
  await inWorkbench('network', network, { BULKHEAD_EGRESS_NETWORK: EGRESS_NETWORK });
  await inWorkbench('source-control', sourceControl);
  if ('credentials'.includes(only)) {
    const agent = await ownAgent(join(temporary, 'own'));
    await inWorkbench('credentials', credentials, agent.env).finally(() => agent.stop());
  }
  await inWorkbench('review', review);
  await inWorkbench('mount', mount);
  await inWorkbench('no-engine', noEngine, { DOCKER_HOST: `unix://${join(temporary, 'no-docker.sock')}` });
  if ('extension-host'.includes(only)) {
    console.log('# extension-host');
    const folder = join(temporary, 'extension-host');
    await runHostTests({ root: ROOT, folder, codeServer, chromium, env, results, cli, example });
  }
} catch (error) {
  results.add('the suite runs', error instanceof Error ? (error.stack ?? error.message) : String(error));
} finally {
  if (!keep) {
    await removeMachines();
    await rm(temporary, { recursive: true, force: true });
  }
}
for (const failure of results.failures) {
  console.log(`ui: failed: ${failure}`);
}
console.log(`ui: ${results.passed} passed, ${results.failed} failed`);
process.exitCode = results.failed === 0 && results.passed > 0 ? 0 : 1;

/** Ctrl-C and the like: nothing is left behind. @param {NodeJS.Signals} signal */
async function interrupted(signal) {
  console.log(`ui: interrupted by ${signal}`);
  await stopRunning?.();
  if (!keep) {
    await removeMachines();
    await rm(temporary, { recursive: true, force: true });
  }
  process.exit(130);
}

/** Removes the machines that were made from folders of this run. */
async function removeMachines() {
  const machines = await cli.list().catch(() => []);
  for (const { id } of machines.filter(({ folder }) => folder.startsWith(temporary))) {
    const { code, stderr } = await cli.run(['rm', id, '--force']);
    if (code !== 0) {
      console.log(`could not remove ${id}: ${stderr}`);
    }
  }
}
