import { throwIfAborted } from '../core/deadline';
import { BulkheadError, throwIfCancelled } from '../core/errors';
import { printable } from '../core/log';
import type { WaitOptions } from '../machine/hypervisor';
import { LIFECYCLE_HOOKS, type LifecycleCommand, type LifecycleHook } from '../settings/workspaceSpec';
import { describeCommand } from './connectGuest';
import type { Guest, GuestCommand } from './guest';
import { type GuestMarks, guestMarks } from './guestMarks';
import { LineSplitter } from './lineSplitter';

export interface LifecycleOptions extends WaitOptions {
  hooks: Partial<Record<LifecycleHook, LifecycleCommand[]>>;
  /** Account the commands run as; the machine's default user if undefined. */
  user?: string;
  /** The workspace folder in the guest. */
  cwd: string;
  /** One line of output, already safe to show. */
  onOutput: (line: string) => void;
  /** Called before a hook runs. */
  onHook?: (hook: LifecycleHook) => void;
  /**
   * Told if a hook ran and the VM can't note that, as with a full disk: the hook runs again next time, and the rest goes on, so
   * that the user gets to a terminal in which to make room.
   */
  onUnmarked: (hook: LifecycleHook, error: unknown) => void;
  /** How long one command may take (default one hour). */
  commandMs?: number;
  marks?: GuestMarks;
}

/** How often each hook runs (containers.dev, "Lifecycle scripts"). */
const WHEN: Record<LifecycleHook, 'once' | 'each boot' | 'each attach'> = {
  onCreateCommand: 'once',
  updateContentCommand: 'once',
  postCreateCommand: 'once',
  postStartCommand: 'each boot',
  postAttachCommand: 'each attach',
};

const COMMAND_MS = 3_600_000;
const TAIL_LINES = 20;

/**
 * Runs the hooks that are due, in the specification's order. A command that fails stops it all: later hooks
 * are not run, and the failed one is tried again next time. Returns the hooks that ran.
 */
export async function runLifecycleHooks(guest: Guest, options: LifecycleOptions): Promise<LifecycleHook[]> {
  const marks = options.marks ?? guestMarks(guest);
  const wait = options.signal ? { signal: options.signal } : {};
  const ran: LifecycleHook[] = [];
  for (const hook of LIFECYCLE_HOOKS) {
    const commands = options.hooks[hook] ?? [];
    if (commands.length === 0 || (await isDone(hook, marks, wait))) {
      continue;
    }
    options.onHook?.(hook);
    for (const command of commands) {
      throwIfAborted(options.signal);
      await runCommand(guest, hook, command, options);
    }
    if (WHEN[hook] !== 'each attach') {
      await marks.set(hook, wait).catch((error: unknown) => {
        throwIfCancelled(error);
        options.onUnmarked(hook, error);
      });
    }
    ran.push(hook);
  }
  return ran;
}

async function isDone(hook: LifecycleHook, marks: GuestMarks, wait: WaitOptions): Promise<boolean> {
  switch (WHEN[hook]) {
    case 'once':
      return marks.has(hook, wait);
    case 'each boot':
      return marks.hasThisBoot(hook, wait);
    case 'each attach':
      return false;
  }
}

async function runCommand(
  guest: Guest,
  hook: LifecycleHook,
  command: LifecycleCommand,
  options: LifecycleOptions,
): Promise<void> {
  if (typeof command === 'string' || Array.isArray(command)) {
    await runOne(guest, hook, undefined, command, options);
    return;
  }
  // Side by side; the first failure is reported, after all have ended.
  const outcomes = await Promise.allSettled(
    Object.entries(command).map(([name, one]) => runOne(guest, hook, name, one, options)),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    throw failed.reason;
  }
}

async function runOne(
  guest: Guest,
  hook: LifecycleHook,
  name: string | undefined,
  command: string | string[],
  options: LifecycleOptions,
): Promise<void> {
  const guestCommand = toGuestCommand(command);
  if (!guestCommand) {
    return;
  }
  const label = name === undefined ? '' : `[${printable(name, 50)}] `;
  const shown = describeCommand(guestCommand);
  options.onOutput(`${label}${hook}: ${shown}`);
  const tail: string[] = [];
  const code = await stream(guest, guestCommand, options, (line) => {
    tail.push(line);
    tail.splice(0, tail.length - TAIL_LINES);
    options.onOutput(label + line);
  });
  if (code !== 0) {
    throw new BulkheadError(`${hook} failed: ${label}${shown} ended with exit code ${code}.`, {
      next: `Fix ${hook} in devcontainer.json, or run the command in a terminal in the VM.`,
      details: tail.join('\n'),
    });
  }
}

async function stream(
  guest: Guest,
  command: GuestCommand,
  options: LifecycleOptions,
  onLine: (line: string) => void,
): Promise<number> {
  const process = await guest.spawn(command, {
    cwd: options.cwd,
    lendCredentials: true,
    ...(options.user !== undefined && { user: options.user }),
    ...(options.signal && { signal: options.signal }),
  });
  const ms = options.commandMs ?? COMMAND_MS;
  const signals = [AbortSignal.timeout(ms), ...(options.signal ? [options.signal] : [])];
  const stop = AbortSignal.any(signals);
  const onStop = () => process.dispose();
  stop.addEventListener('abort', onStop, { once: true });
  try {
    process.stdin.end();
    const splitters = [process.stdout, process.stderr].map((output) => {
      const splitter = new LineSplitter((line) => onLine(printable(line, 4_000)));
      output.on('data', (chunk: Buffer) => splitter.push(chunk));
      return splitter;
    });
    const { code } = await process.exited;
    for (const splitter of splitters) {
      splitter.end();
    }
    return code;
  } catch (error) {
    throwIfAborted(options.signal);
    if (stop.aborted) {
      throw new BulkheadError(`A lifecycle command took longer than ${ms / 60_000} minutes.`, {
        cause: error,
      });
    }
    throw error;
  } finally {
    stop.removeEventListener('abort', onStop);
    process.dispose();
  }
}

function toGuestCommand(command: string | string[]): GuestCommand | undefined {
  if (typeof command === 'string') {
    return command.trim() === '' ? undefined : { script: command };
  }
  const [program, ...rest] = command;
  return program === undefined ? undefined : { argv: [program, ...rest] };
}
