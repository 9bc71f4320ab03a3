// Debian packages that are missing: asks once where there is somebody to ask, says what it does.
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { asRoot, capture, NeedError, run, say, which } from './run.mjs';

/**
 * A program we need, and the packages that bring it, best first (docker-cli is of its own from Debian 13 on).
 * @typedef {{ program: string, packages: string[], why: string }} Need
 */

/** @type {Need} */
export const DOCKERD = { program: 'dockerd', packages: ['docker.io'], why: 'the Docker Engine' };
/** @type {Need} */
export const MMDEBSTRAP = {
  program: 'mmdebstrap',
  packages: ['mmdebstrap'],
  why: 'makes the base image where no image registry answers',
};

/** @type {Record<'start' | 'test', Need[]>} */
export const NEEDS = {
  start: [
    { program: 'docker', packages: ['docker-cli', 'docker.io'], why: 'the Docker command line' },
    { program: 'ssh', packages: ['openssh-client'], why: 'SSH into the machine' },
  ],
  test: [
    { program: 'docker', packages: ['docker-cli', 'docker.io'], why: 'the Docker command line' },
    { program: 'ssh', packages: ['openssh-client'], why: 'tests of ssh_config' },
    { program: 'sshd', packages: ['openssh-server'], why: 'tests against a real SSH server' },
    { program: 'git', packages: ['git'], why: 'test workspaces' },
    { program: 'shellcheck', packages: ['shellcheck'], why: 'the lint of shell scripts' },
    { program: 'ip', packages: ['iproute2'], why: 'network namespaces of tests' },
    { program: 'cc', packages: ['build-essential'], why: 'the kit’s own programs in unit tests' },
    { program: 'busybox', packages: ['busybox'], why: 'the kit’s tools in unit tests' },
    { program: 'inotifywait', packages: ['inotify-tools'], why: 'the kit’s tools in unit tests' },
    { program: 'openssl', packages: ['openssl'], why: 'certificates of test servers' },
    { program: 'chromium', packages: ['chromium'], why: 'the UI tests' },
  ],
};

/** Other programs that do as well as the one named. */
const SUBSTITUTES = { chromium: ['chromium-browser', 'google-chrome', 'google-chrome-stable'] };

let agreed = false;

/**
 * Installs what is missing. Throws NeedError, with the exact list, where it can't or may not.
 * @param {Need[]} needs
 */
export async function ensurePrograms(needs) {
  const missing = [];
  for (const need of needs) {
    if (!(await isThere(need.program))) {
      missing.push(need);
    }
  }
  if (missing.length === 0) {
    return;
  }
  const list = missing
    .map(({ program, packages, why }) => `  ${packages.at(-1)}  (${program}: ${why})`)
    .join('\n');
  if (!(await which('apt-get'))) {
    throw new NeedError(`Please install with this system's package manager:\n${list}`);
  }
  const update = await asRoot(['apt-get', 'update', '-q']);
  if (!update) {
    throw new NeedError(`Please install, as root (there is no sudo here):\n${list}`);
  }
  await askOnce(list);
  say(`set-up: installing ${missing.map(({ program }) => program).join(', ')} with apt-get`);
  await run(update, { timeoutMs: 300_000 });
  const packages = [];
  for (const need of missing) {
    packages.push(await firstKnown(need.packages));
  }
  // env, because sudo drops the environment.
  const install = [
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    'install',
    '-q',
    '-y',
    '--no-install-recommends',
  ];
  await run((await asRoot([...install, ...new Set(packages)])) ?? [], { timeoutMs: 900_000 });
  for (const { program, why } of missing) {
    if (!(await isThere(program))) {
      throw new NeedError(`${program} (${why}) is not there after installing ${packages.join(', ')}.`);
    }
  }
}

/** @param {string} program */
async function isThere(program) {
  if (program === 'chromium' && process.env.BULKHEAD_CHROMIUM) {
    return true;
  }
  for (const name of [program, ...(SUBSTITUTES[program] ?? [])]) {
    const path = await which(name);
    if (path && !(await isSnapStub(path))) {
      return true;
    }
  }
  return false;
}

/** Ubuntu's chromium package is a script that starts a snap, and a snap's browser can't be driven from here. */
async function isSnapStub(path) {
  const start = (await readFile(path).catch(() => Buffer.alloc(0))).subarray(0, 4096).toString('latin1');
  return start.startsWith('#!') && start.includes('snap');
}

/** @param {string[]} names */
async function firstKnown(names) {
  for (const name of names) {
    const { stdout } = await capture(['apt-cache', 'policy', name]);
    if (/Candidate: (?!\(none\))/.test(stdout)) {
      return name;
    }
  }
  throw new NeedError(`This system's package archive has none of: ${names.join(', ')}.`);
}

/** @param {string} list */
async function askOnce(list) {
  if (agreed || !process.stdin.isTTY || !process.stderr.isTTY) {
    return;
  }
  const questions = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await questions.question(
    `These system packages are missing:\n${list}\nInstall them? [Y/n] `,
  );
  questions.close();
  if (!/^(y|yes|)$/i.test(answer.trim())) {
    throw new NeedError(`Not installed. What is needed:\n${list}`);
  }
  agreed = true;
}
