import { BulkheadError } from '../core/errors';
import { printable } from '../core/log';
import type { WaitOptions } from '../machine/hypervisor';
import type { Guest } from './guest';
import { kitTools } from './kitTools';

/** On the upper disk, root only: a reset drops the marks with everything else. */
const STATE = '/.bulkhead/state';
/** Changes with each boot, and stays the same through suspend and resume (random(4)). */
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Stays when the system is rebuilt (guest/init/init): an upload would overwrite what was done in the guest. */
export const WORKSPACE_MARK = 'workspace';

/** A fact about a guest that its disk remembers, such as "the workspace was uploaded". */
export interface GuestMarks {
  has(name: string, options?: WaitOptions): Promise<boolean>;
  /** True if the mark was set since the guest's last boot. */
  hasThisBoot(name: string, options?: WaitOptions): Promise<boolean>;
  /** Sets it once everything written before is on the disk. */
  set(name: string, options?: WaitOptions): Promise<void>;
}

export function guestMarks(guest: Guest, folder: string = STATE): GuestMarks {
  const { busybox } = kitTools(guest);
  const run = async (argv: [string, ...string[]], options: WaitOptions = {}) =>
    guest.run({ argv }, { ...options, user: 'root', cwd: '/', maxBytes: 4_096 });
  const test = async (argv: [string, ...string[]], options: WaitOptions | undefined) => {
    const output = await run(argv, options);
    if (output.code > 2) {
      throw markError('read', output.code, output.stderr);
    }
    return output.code === 0;
  };
  return {
    has: async (name, options) => test([busybox, 'test', '-e', pathOf(folder, name)], options),
    hasThisBoot: async (name, options) =>
      test([busybox, 'cmp', '-s', BOOT_ID, pathOf(folder, name)], options),
    set: async (name, options) => {
      // A fixed script; the paths are its arguments. Without the first sync a crash could leave the mark
      // and lose what it stands for.
      const script = 'set -e; "$0" sync; "$0" cp "$1" "$2.tmp"; "$0" mv "$2.tmp" "$2"; "$0" sync';
      const argv: [string, ...string[]] = [
        busybox,
        'sh',
        '-c',
        script,
        busybox,
        BOOT_ID,
        pathOf(folder, name),
      ];
      const output = await run(argv, options);
      if (output.code !== 0) {
        throw markError('write', output.code, output.stderr);
      }
    },
  };
}

function pathOf(folder: string, name: string): string {
  if (!/^[A-Za-z0-9-]+$/.test(name)) {
    throw new BulkheadError(`Not a name for a mark: ${name}`);
  }
  return `${folder}/${name}`;
}

function markError(what: string, code: number, stderr: Buffer): BulkheadError {
  return new BulkheadError(`Failed to ${what} the VM's state (exit code ${code}).`, {
    details: printable(stderr.toString(), 2_000),
  });
}
