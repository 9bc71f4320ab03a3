// Child processes and messages for the scripts. Node built-ins only: these run before `npm ci`.
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const CACHE = join(ROOT, '.cache');

/** Something that only the user can put right: told as it is, exit code 3. */
export class NeedError extends Error {}

/** @param {string} text */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * Runs a command with our stdio. Rejects if it fails or takes longer than `timeoutMs`.
 * @param {string[]} argv
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @returns {Promise<void>}
 */
export function run(argv, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), {
      cwd: options.cwd ?? ROOT,
      env: options.env ?? process.env,
      // Our stdout belongs to results; what a step prints is progress.
      stdio: ['ignore', 2, 2],
      timeout: options.timeoutMs ?? 1_800_000,
    });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${argv.join(' ')}: ${signal ?? `exit ${code}`}`)),
    );
  });
}

/**
 * Runs a command and collects what it prints; never rejects. `code` is -1 if it could not be run or took too long.
 * @param {string[]} argv
 * @param {{ timeoutMs?: number, env?: NodeJS.ProcessEnv, cwd?: string }} [options]
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>}
 */
export function capture(argv, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(argv[0], argv.slice(1), {
      cwd: options.cwd ?? ROOT,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 30_000,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('error', (error) => resolve({ code: -1, stdout, stderr: error.message }));
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}

/**
 * Where a program is, or undefined. The sbin folders count too: a user's PATH often lacks them.
 * @param {string} name
 */
export async function which(name) {
  for (const folder of [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
  ]) {
    const path = join(folder, name);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) {
      return path;
    }
  }
  return undefined;
}

/**
 * The command as root: as it is, by sudo, or undefined if neither is possible.
 * @param {string[]} argv
 */
export async function asRoot(argv) {
  if (process.getuid?.() === 0) {
    return argv;
  }
  // Without a terminal sudo can't ask for a password: -n makes it fail instead of hang.
  return (await which('sudo')) ? ['sudo', ...(process.stdin.isTTY ? [] : ['-n']), ...argv] : undefined;
}

/**
 * @template T
 * @param {() => Promise<T | undefined>} attempt
 * @param {{ forMs: number, everyMs?: number }} options
 * @returns {Promise<T | undefined>}
 */
export async function retry(attempt, { forMs, everyMs = 500 }) {
  const end = Date.now() + forMs;
  for (;;) {
    const value = await attempt();
    if (value !== undefined || Date.now() >= end) {
      return value;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
