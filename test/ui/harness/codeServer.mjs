// A code-server of one's own: fresh user data and extensions, a free port, settings that keep it quiet.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from './eventually.mjs';

/** How long the server may take to end by itself. */
const STOP_MS = 10_000;

const USER_SETTINGS = {
  'telemetry.telemetryLevel': 'off',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.enableExperiments': false,
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
  'workbench.reduceMotion': 'on',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  // Text is then in the DOM.
  'terminal.integrated.gpuAcceleration': 'off',
  'terminal.integrated.shellIntegration.enabled': false,
  'terminal.integrated.enablePersistentSessions': false,
  'files.simpleDialog.enable': true,
  'window.dialogStyle': 'custom',
  'window.confirmBeforeClose': 'never',
  'git.enabled': false,
  // A browser's VS Code saves by itself; a desktop's doesn't.
  'files.autoSave': 'off',
};

/**
 * @typedef {{ url: string, logs: string, install(vsix: string): Promise<void>, stop(): Promise<void> }} Server
 * @param {{ codeServer: import('../setup.mjs').CodeServer, folder: string, env: Record<string, string>,
 *   settings?: Record<string, unknown>, flags?: string[], workspaceTrust?: boolean }} options `folder` is for this server
 *   alone; `workspaceTrust`: VS Code asks whether folders are trusted, as it does on a desktop
 * @returns {Promise<{ setting(key: string, value: unknown): Promise<void>, install(vsix: string): Promise<void>,
 *   start(): Promise<Server> }>}
 */
export async function prepareCodeServer({
  codeServer,
  folder,
  env,
  settings = {},
  flags = [],
  workspaceTrust = false,
}) {
  const userData = join(folder, 'user-data');
  await mkdir(join(userData, 'User'), { recursive: true });
  const values = { ...USER_SETTINGS, 'security.workspace.trust.enabled': workspaceTrust, ...settings };
  const writeSettings = () =>
    writeFile(join(userData, 'User/settings.json'), JSON.stringify(values, undefined, 2));
  await writeSettings();
  const config = join(folder, 'config.yaml');
  await writeFile(config, '{}\n');
  const common = [
    codeServer.entry,
    '--config',
    config,
    '--user-data-dir',
    userData,
    '--extensions-dir',
    join(folder, 'extensions'),
  ];
  const environment = { ...process.env, EXTENSIONS_GALLERY: '{}', ...env };
  return {
    /** Changes a user setting; an open window follows. @param {string} key @param {unknown} value */
    async setting(key, value) {
      values[key] = value;
      await writeSettings();
    },
    install: (vsix) =>
      finished(
        spawn(codeServer.node, [...common, '--install-extension', vsix], {
          env: environment,
          // Its logger complains about a native addon that is left out on purpose.
          stdio: 'ignore',
        }),
        `installing ${vsix}`,
      ),
    async start() {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const log = createWriteStream(join(folder, 'server.log'));
      const server = spawn(
        codeServer.node,
        [
          ...common,
          '--auth',
          'none',
          '--bind-addr',
          `127.0.0.1:${port}`,
          '--disable-telemetry',
          '--disable-update-check',
          ...(workspaceTrust ? [] : ['--disable-workspace-trust']),
          '--disable-getting-started-override',
          '--ignore-last-opened',
          ...flags,
        ],
        { env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
      );
      server.stdout.pipe(log);
      server.stderr.pipe(log);
      // Not `close`: a process of the server's that outlives it may hold its output open.
      const ended = new Promise((resolve) => server.once('exit', resolve));
      const stop = async () => {
        // The whole group: the server's own child holds the extension hosts.
        const signal = (name) => {
          if (server.exitCode === null && server.signalCode === null && server.pid !== undefined) {
            process.kill(-server.pid, name);
          }
        };
        signal('SIGTERM');
        const timer = setTimeout(signal, STOP_MS, 'SIGKILL');
        await ended;
        clearTimeout(timer);
        server.stdout.destroy();
        server.stderr.destroy();
        log.end();
      };
      try {
        await eventually('code-server answers', async () => (await fetch(`${url}/healthz`)).ok, 60_000);
      } catch (error) {
        await stop();
        throw error;
      }
      return { url, logs: join(userData, 'logs'), stop };
    },
  };
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
      probe.close(() => resolve(port));
    });
  });
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} what
 * @returns {Promise<void>}
 */
export function finished(child, what) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${what}: exit code ${code}`))));
  });
}
