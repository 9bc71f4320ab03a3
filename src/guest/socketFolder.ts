import { BulkheadError } from '../core/errors';
import { printable } from '../core/log';
import type { WaitOptions } from '../machine/hypervisor';
import type { Guest } from './guest';

/**
 * Its parent belongs to root, so nobody else can put a link in its place; it belongs to one account, so that only that one
 * and root reach what is in it.
 */
const SCRIPT = `set -eu
mkdir -p -m 0755 "\${1%/*}"
[ -d "$1" ] || mkdir -m 0700 "$1"
chmod 0700 "$1"
chown "$2" "$1"`;
const STEP_MS = 15_000;

/** Makes the folder of a guest's socket, for the account that commands run as. @throws BulkheadError */
export async function prepareSocketFolder(
  guest: Guest,
  folder: string,
  toolsFolder: string,
  wait: WaitOptions,
): Promise<void> {
  const busybox = `${toolsFolder}/busybox`;
  const options = { ...wait, cwd: '/', maxBytes: 4096, deadlineMs: STEP_MS };
  const id = await guest.run({ argv: [busybox, 'id', '-u'] }, options);
  const uid = id.stdout.toString('latin1').trim();
  if (id.code !== 0 || !/^\d{1,10}$/.test(uid)) {
    throw new BulkheadError('The VM does not say which account commands run as.');
  }
  const argv: [string, ...string[]] = [busybox, 'sh', '-c', SCRIPT, 'sh', folder, uid];
  const made = await guest.run({ argv }, { ...options, user: 'root' });
  if (made.code !== 0) {
    throw new BulkheadError(`The VM can’t make a folder for a socket (exit code ${made.code}).`, {
      details: printable(made.stderr.toString(), 500),
    });
  }
}
