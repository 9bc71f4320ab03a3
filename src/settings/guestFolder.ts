import { basename, posix } from 'node:path';

/** Folders of the guest that init mounts over: a workspace there would vanish or break the boot. */
const TAKEN = ['/proc', '/sys', '/dev', '/.bulkhead'];

/** The workspace folder in the guest as devcontainer.json may name it, for messages. */
export const GUEST_FOLDER = {
  what: 'a folder that the guest can have',
  fix: 'Write an absolute path without ".." such as "/workspaces/app", not / and not under /proc, /sys, /dev or /.bulkhead.',
};

/** The path (trailing slash dropped) if the workspace may lie there, else undefined. */
export function checkGuestFolder(path: string): string | undefined {
  const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  const sound =
    trimmed.length <= 1024 &&
    trimmed.startsWith('/') &&
    trimmed !== '/' &&
    posix.normalize(trimmed) === trimmed &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
    !/[\u0000-\u001f\u007f]|\$\{/.test(trimmed) &&
    !TAKEN.some((taken) => trimmed === taken || trimmed.startsWith(`${taken}/`));
  return sound ? trimmed : undefined;
}

/** `/workspaces/<base name>`, as the Dev Container specification has it, with odd characters replaced by `-`. */
export function defaultGuestFolder(folder: string): string {
  const name = Array.from(basename(folder).replace(/[^\p{L}\p{N}._-]+/gu, '-'))
    .slice(0, 80)
    .join('')
    .replace(/^-+|-+$/g, '');
  return `/workspaces/${/^\.{0,2}$/.test(name) ? 'workspace' : name}`;
}
