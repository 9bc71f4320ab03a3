// shellcheck over every shell script of the guest and of .ci, known by its name or its first line.
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { capture, ROOT, say, which } from './setup/run.mjs';

const FOLDERS = ['guest', '.ci', 'scripts', 'examples'];

const scripts = [];
for (const folder of FOLDERS) {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    if (entry.isFile() && !path.includes('/node_modules/') && (await isShell(path))) {
      scripts.push(relative(ROOT, path));
    }
  }
}
if (!(await which('shellcheck'))) {
  say('lint-shell: shellcheck is not installed (apt-get install shellcheck)');
  process.exit(3);
}
const { code, stdout, stderr } = await capture(['shellcheck', '--external-sources', ...scripts.sort()]);
process.stderr.write(`${stdout}${stderr}`);
say(
  code === 0
    ? `shellcheck: ${scripts.length} scripts clean`
    : `shellcheck: failed (${scripts.length} scripts)`,
);
process.exitCode = code === 0 ? 0 : 1;

/** @param {string} path */
async function isShell(path) {
  if (/\.(sh|bash)$/.test(path)) {
    return true;
  }
  const start = (await readFile(path)).subarray(0, 64).toString('latin1');
  return (
    /^#!\s*\/\S*\/(env +)?(ba|da|a)?sh\b/.test(start) || /^#!\/\.bulkhead\/bin\/busybox sh\b/.test(start)
  );
}
