// node_modules as package-lock.json says.
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ROOT, run, say } from './run.mjs';

/** Runs `npm ci` if node_modules is missing or was made from another package-lock.json. */
export async function ensureNodePackages() {
  if (await isFresh()) {
    return;
  }
  say('set-up: npm ci (node_modules is missing or older than package-lock.json)');
  await run(['npm', 'ci'], { timeoutMs: 900_000 });
}

/** Our environment with the project's own tools first in PATH: `node` is then the Node 24 of devDependencies. */
export function toolEnvironment() {
  return { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env.PATH ?? ''}` };
}

/** npm notes what it installed in a hidden lockfile: it must have every package of ours, in the same version. */
async function isFresh() {
  const [wanted, installed] = await Promise.all([
    readPackages(join(ROOT, 'package-lock.json')),
    readPackages(join(ROOT, 'node_modules/.package-lock.json')),
  ]);
  if (!wanted || !installed) {
    return false;
  }
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
}

/** @param {string} path */
async function readPackages(path) {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text).packages;
}
