// A real VS Code in the browser (code-server) with this extension in it, for `npm start`.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { CACHE, capture, retry } from './setup/run.mjs';

const HOME = join(CACHE, 'editor');
const READY_MS = 60_000;

/** For a first start only: afterwards the file is the user's. */
const FIRST_SETTINGS = {
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
};

/**
 * @param {{ node: string, entry: string }} codeServer
 * @param {{ vsix: string, env: NodeJS.ProcessEnv, port?: number }} options
 * @returns {Promise<Editor>}
 * @typedef {{ origin: string, password: string, ended: Promise<string>, check(path: string): Promise<void>, stop(): void }} Editor
 */
export async function startEditor(codeServer, { vsix, env, port }) {
  const folders = { extensions: join(HOME, 'extensions'), userData: join(HOME, 'user-data') };
  await mkdir(join(folders.userData, 'User'), { recursive: true });
  await mkdir(folders.extensions, { recursive: true });
  const settings = join(folders.userData, 'User/settings.json');
  await writeFile(settings, JSON.stringify(FIRST_SETTINGS, null, 2), { flag: 'wx' }).catch(ignoreExisting);
  const config = join(HOME, 'config.yaml');
  await writeFile(config, '{}\n');
  const shared = [
    '--extensions-dir',
    folders.extensions,
    '--user-data-dir',
    folders.userData,
    '--config',
    config,
  ];
  // No gallery: nothing here may come from anywhere but this repository.
  const environment = { ...env, EXTENSIONS_GALLERY: '{}' };
  const install = [codeServer.node, codeServer.entry, '--install-extension', vsix, '--force', ...shared];
  // Kept back if it succeeds: it complains at length about a native logger that it does without.
  const installed = await capture(install, { env: environment, timeoutMs: 120_000 });
  if (installed.code !== 0) {
    throw new Error(`The extension could not be installed:\n${installed.stdout}${installed.stderr}`);
  }

  // A password, because this editor has the host's files and a terminal, and loopback is everybody's on this machine.
  const password = randomBytes(9).toString('base64url');
  const address = `127.0.0.1:${port ?? (await freePort())}`;
  const log = await open(join(HOME, 'code-server.log'), 'w');
  const flags = ['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'];
  const child = spawn(
    codeServer.node,
    [
      ...[codeServer.entry, '--auth', 'password', '--bind-addr', address, ...flags],
      ...['--disable-proxy', '--ignore-last-opened', ...shared],
    ],
    // A group of its own: Ctrl-C must reach it through `stop`, after the machine's state is settled.
    { env: { ...environment, PASSWORD: password }, detached: true, stdio: ['ignore', log.fd, log.fd] },
  );
  await log.close();
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`));
  });
  const origin = `http://${address}`;
  const stop = () => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGTERM');
    } catch (error) {
      // ESRCH: it has ended by itself.
      if (error.code !== 'ESRCH') {
        throw error;
      }
    }
  };
  const ready = await Promise.race([retry(() => healthy(origin), { forMs: READY_MS }), ended]);
  if (ready !== true) {
    stop();
    const text = await readFile(join(HOME, 'code-server.log'), 'utf8');
    throw new Error(
      `The editor did not come up (${ready ?? `no answer in ${READY_MS} ms`}):\n${text.slice(-2000)}`,
    );
  }
  return { origin, password, ended, stop, check: (path) => check(origin, password, path) };
}

/**
 * The path of the page that opens a folder of a machine (or, without an authority, of this host).
 * @param {string} uri
 */
export function pageOf(uri) {
  return `/?folder=${encodeURIComponent(uri)}`;
}

/** @param {string} origin */
async function healthy(origin) {
  const answer = await fetch(`${origin}/healthz`, { signal: AbortSignal.timeout(2000) }).catch(
    () => undefined,
  );
  return answer?.ok ? true : undefined;
}

/** Logs in and fetches the page, as a browser would. Rejects if the workbench does not come. */
async function check(origin, password, path) {
  const signal = AbortSignal.timeout(20_000);
  const login = await fetch(`${origin}/login`, {
    method: 'POST',
    body: new URLSearchParams({ password, base: '.', href: `${origin}/login` }),
    redirect: 'manual',
    signal,
  });
  const cookie = login.headers.getSetCookie().map((line) => line.split(';')[0]);
  const page = await fetch(`${origin}${path}`, { headers: { cookie: cookie.join('; ') }, signal });
  if (!page.ok || !(await page.text()).includes('vscode-workbench-web-configuration')) {
    throw new Error(`The editor's page did not come: HTTP ${page.status}`);
  }
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** @param {NodeJS.ErrnoException} error */
function ignoreExisting(error) {
  if (error.code !== 'EEXIST') {
    throw error;
  }
}
