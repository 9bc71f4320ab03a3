import type { Readable } from 'node:stream';
import { withDeadline } from '../../core/deadline';
import { BulkheadError } from '../../core/errors';
import { printable } from '../../core/log';
import type { WaitOptions } from '../../machine/hypervisor';
import type { Guest } from '../guest';
import { kitTools } from '../kitTools';

/** Large trees in an emulated guest. */
const TREE_MS = 300_000;
const SAID_MAX = 2000;
/** Exit codes of the session program (guest/agent/agent.h) for a program that is not there or can't be run. */
const NO_PROGRAM = new Set([126, 127]);

export const TREE_TOOL = 'The kit’s file lister in the VM';

/** Runs guest/agent/tree.c as root over a folder of the guest; `read` takes its output, which is the guest's word. */
export async function runTree<T>(
  guest: Guest,
  [command, folder, ...rest]: ['list' | 'read', string, ...string[]],
  options: WaitOptions & { input?: Buffer },
  read: (output: Readable) => Promise<T>,
): Promise<T> {
  const what = `${TREE_TOOL} (${command})`;
  return withDeadline({ what, ms: TREE_MS, signal: options.signal }, async (signal) => {
    const process = await guest.spawn(
      { argv: [kitTools(guest).tree, command, folder, ...rest] },
      { user: 'root', cwd: '/', signal },
    );
    let said = '';
    process.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-SAID_MAX);
    });
    // One that ended early tells why by its exit code.
    process.stdin.on('error', () => undefined);
    process.stdin.end(options.input);
    const stop = () => process.dispose();
    signal.addEventListener('abort', stop, { once: true });
    try {
      let failure: unknown;
      const result = await read(process.stdout).catch((error: unknown) => {
        failure = error;
        return undefined;
      });
      if (failure !== undefined && process.stdout.readableEnded !== true) {
        throw failure;
      }
      const { code } = await process.exited;
      if (code !== 0) {
        throw new BulkheadError(`${what} failed (exit code ${code})`, {
          details: printable(said, SAID_MAX),
          ...(NO_PROGRAM.has(code) && {
            next: 'The machine was started by an older version of Bulkhead: stop it and start it again.',
          }),
        });
      }
      if (failure !== undefined) {
        throw failure;
      }
      return result as T;
    } finally {
      signal.removeEventListener('abort', stop);
      process.dispose();
    }
  });
}
