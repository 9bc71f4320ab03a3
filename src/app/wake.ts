import { delay, withDeadline } from '../core/deadline';
import { BulkheadError, messageOf, throwIfCancelled } from '../core/errors';
import { printable } from '../core/log';
import type { Guest } from '../guest/guest';
import type { Machine, WaitOptions } from '../machine/hypervisor';
import type { Services } from './services';
import { wait } from './wait';

/** A cold boot takes 3 to 10 s under emulation on a busy host; this is for one that is far slower. */
const ANSWER_MS = 180_000;
const CONSOLE_LINES = 15;
const ASK_EVERY_MS = 1_000;

export interface Woken {
  /** False if the machine ran already. */
  started: boolean;
  /** It may have had saved memory, so its processes may be frozen and its clock behind. */
  asleep: boolean;
}

/** Boots the machine or loads its saved memory, unless it runs. Returns once the VMM runs. */
export async function startMachine(machine: Machine, options: WaitOptions): Promise<Woken> {
  const { state, reason } = await machine.info(wait(options));
  if (state === 'running') {
    return { started: false, asleep: false };
  }
  await machine.start(wait(options));
  // One that was powered off, or never ran, has no saved memory; one that ended in any other way may have.
  const poweredOff = state === 'created' || (state === 'stopped' && reason === undefined);
  return { started: true, asleep: !poweredOff };
}

/**
 * Connects to the guest of a running machine. After a sleep, its clock is set and its processes go on (`thaw`, which a
 * cold boot does not mind).
 */
export async function connectGuestOf(
  services: Services,
  machine: Machine,
  woken: Woken,
  options: WaitOptions,
): Promise<Guest> {
  if (woken.started) {
    // A connection from before the start is to a guest that is gone.
    await services.dropGuest(machine.id);
  }
  const guest = await services.guest(machine.id, wait(options));
  try {
    const what = `The SSH server of ${machine.id}`;
    await withDeadline({ what, ms: ANSWER_MS, ...wait(options) }, async (signal) => {
      await untilReady(guest, machine, signal);
      if (woken.asleep) {
        await guest.control('thaw', { signal });
      }
    });
    return guest;
  } catch (error) {
    throwIfCancelled(error);
    throw await explained(machine, error);
  }
}

/** Waits for the guest's SSH server, as long as the machine runs. */
async function untilReady(guest: Guest, machine: Machine, signal: AbortSignal): Promise<void> {
  const watch = new AbortController();
  try {
    await Promise.race([guest.ready({ signal }), ending(machine, AbortSignal.any([signal, watch.signal]))]);
  } finally {
    watch.abort();
  }
}

/** Rejects once the machine no longer runs: there is nothing to wait for then. */
async function ending(machine: Machine, signal: AbortSignal): Promise<never> {
  for (;;) {
    await delay(ASK_EVERY_MS, signal);
    const { state } = await machine.info({ signal });
    if (state !== 'running') {
      throw new BulkheadError('it ended while it was starting');
    }
  }
}

/** True if the VMM says that it booted from the disk instead of resuming (guest/vmm/vmm). */
export async function lostItsMemory(machine: Machine, options: WaitOptions): Promise<boolean> {
  const last = (await machine.vmmLog({ ...wait(options), tail: 20 })).trim().split('\n').at(-1) ?? '';
  return last.includes('did not load');
}

/** The connection's failure with what the machine itself has to say about it. */
async function explained(machine: Machine, error: unknown): Promise<BulkheadError> {
  const [info, console, vmm] = await Promise.all([
    machine.info(),
    machine.console({ tail: CONSOLE_LINES }),
    machine.vmmLog({ tail: CONSOLE_LINES }),
  ]);
  const ended =
    info.state === 'running' ? '' : ` It is ${info.state}${info.reason ? `: ${info.reason}` : ''}.`;
  return new BulkheadError(`The machine ${machine.id} does not answer: ${messageOf(error)}.${ended}`, {
    cause: error,
    details: printable(`${vmm}\n${console}`.trim()),
    next: `Look at \`bulkhead logs --console ${machine.id}\`; \`bulkhead stop\` and \`bulkhead start\` boot it again, its disk is kept.`,
  });
}
