import type { Duplex, Readable, Writable } from 'node:stream';
import type { Disposable } from '../core/disposables';
import type { WaitOptions } from '../machine/hypervisor';
import type { GuestFiles } from './guestFiles';
import type { GuestSocket, SocketOptions } from './guestSockets';
import type { GuestSample, ListeningPort } from './guestWatch';

/** What to run in the guest. `argv` is exec'd as it is; `script` goes to the user's own shell as `sh -c` would. */
export type GuestCommand = { argv: [string, ...string[]] } | { script: string };

export interface RunOptions extends WaitOptions {
  /** Account in the guest; the machine's default user if undefined. */
  user?: string;
  /** Absolute guest path; the machine's workspace folder if undefined. */
  cwd?: string;
  env?: Record<string, string>;
  /**
   * A program of the user's own (a terminal, a task, a lifecycle command), not one of ours: it gets what the user lets
   * into this machine (src/credentials).
   */
  lendCredentials?: boolean;
}

export interface PtySize {
  columns: number;
  rows: number;
}

/** How a guest process ended: `code` as a shell would see it (128 + signal number for a signal). */
export interface ExitStatus {
  code: number;
  signal?: string;
}

/** A process in the guest with its three streams. All that comes out of it is untrusted. */
export interface GuestProcess extends Disposable {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Never emits with a pty. */
  readonly stderr: Readable;
  /** Resolves once both output streams have ended; rejects if the connection breaks first. */
  readonly exited: Promise<ExitStatus>;
  resize(size: PtySize): void;
  signal(name: 'INT' | 'TERM' | 'KILL' | 'HUP'): void;
}

/** Output of a finished command, each stream cut at `maxBytes`. */
export interface CommandOutput extends ExitStatus {
  stdout: Buffer;
  stderr: Buffer;
  truncated: boolean;
}

/** One shared SSH connection to a guest. It reconnects by itself with back-off while it is wanted. */
export interface Guest extends Disposable {
  readonly machineId: string;
  /** Connects if it is not connected. Resolves when SSH has answered with the pinned host key. */
  ready(options?: WaitOptions): Promise<void>;
  spawn(
    command: GuestCommand,
    options?: RunOptions & { pty?: PtySize & { term: string } },
  ): Promise<GuestProcess>;
  /** The user's login shell on a pty. */
  shell(options: RunOptions & { pty: PtySize & { term: string } }): Promise<GuestProcess>;
  /** Runs to the end and collects at most `maxBytes` (default 1 MiB) of each stream. */
  run(
    command: GuestCommand,
    options?: RunOptions & { maxBytes?: number; input?: Buffer; deadlineMs?: number },
  ): Promise<CommandOutput>;
  /** Files as the given user sees them (SFTP). */
  files(options?: WaitOptions & { user?: string }): Promise<GuestFiles>;
  /**
   * A TCP stream to a port of the guest, made from inside: on 127.0.0.1, else on ::1, else on the address of its card.
   * @throws BulkheadError if nothing listens there
   */
  openPort(port: number, options?: WaitOptions): Promise<Duplex>;
  /**
   * Control messages to the agent, as root, outside the frozen part of the guest:
   * `freeze` stops all user processes, `thaw` sets the clock first and lets them go on,
   * `poweroff` syncs, unmounts and powers off.
   */
  control(message: 'freeze' | 'thaw' | 'poweroff', options?: WaitOptions): Promise<void>;
  /** What the guest says it uses, about once a second. Ends by throwing: when the connection breaks, or `signal` aborts. */
  samples(options?: WaitOptions): AsyncGenerator<GuestSample, void>;
  /** The TCP ports that something in the guest listens on: at once, and whenever that changes. Ends as `samples` does. */
  listeningPorts(options?: WaitOptions): AsyncGenerator<ListeningPort[], void>;
  /** A unix socket in the guest, for its root and the account that commands run as, whose connections come to this host. */
  socket(options: Pick<SocketOptions, 'path' | 'accept'>): GuestSocket;
  onDidDisconnect(listener: (reason: Error) => void): Disposable;
}
