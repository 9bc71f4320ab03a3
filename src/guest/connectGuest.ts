import { posix } from 'node:path';
import type { Duplex } from 'node:stream';
import { withDeadline } from '../core/deadline';
import type { Disposable } from '../core/disposables';
import { BulkheadError } from '../core/errors';
import { type Log, printable } from '../core/log';
import type { WaitOptions } from '../machine/hypervisor';
import { encodeCommand, sessionEnv } from './command';
import type { CommandOutput, Guest, GuestCommand, GuestProcess, PtySize, RunOptions } from './guest';
import type { GuestFiles } from './guestFiles';
import { guestProcess } from './guestProcess';
import { type GuestSocket, GuestSockets, type SocketOptions } from './guestSockets';
import type { GuestSample, ListeningPort } from './guestWatch';
import type { GuestIdentity } from './identity';
import { portStream } from './portStream';
import { SftpFiles } from './sftpFiles';
import { SharedConnection } from './sharedConnection';
import { prepareSocketFolder } from './socketFolder';
import { guestPorts, guestSamples } from './watchGuest';

export interface GuestOptions {
  machineId: string;
  /** A new byte stream to the guest's SSH server; called again for every attempt. */
  dial: (options: WaitOptions) => Promise<Duplex>;
  identity: GuestIdentity;
  log: Log;
  /** Absolute guest path where commands run unless they say otherwise. */
  defaultCwd: string;
  /** devcontainer `remoteEnv`: set for every command and shell, under the caller's own. */
  remoteEnv?: Record<string, string>;
  /**
   * What programs of the user's own get on top of `env`: asked at each start, with a session's own variables. Throws
   * nothing but a cancellation.
   */
  lentEnvironment?: (env: Record<string, string>, options: RunOptions) => Promise<Record<string, string>>;
  /** SSH account; the kit's sshd knows only `root` (default). */
  username?: string;
  /** Folder of the kit's tools in the guest (default `/.bulkhead/bin`). */
  toolsFolder?: string;
}

type Pty = PtySize & { term: string };

/** Where a port of the guest is looked for, from inside: its loopbacks, then its card (guest/init/guest-init). */
const HOSTS = ['127.0.0.1', '::1', '10.0.2.15'];
/** SSH_OPEN_CONNECT_FAILED (RFC 4254, section 5.1). */
const CONNECT_FAILED = 2;
const RUN_MS = 120_000;
const RUN_MAX_BYTES = 1024 * 1024;
const CONTROL_MS = 30_000;

/** A guest behind one shared, lazily made SSH connection. Nothing is dialled until something is asked. */
export function connectGuest(options: GuestOptions): Guest & { readonly toolsFolder: string } {
  return new ConnectedGuest(options);
}

class ConnectedGuest implements Guest {
  readonly machineId: string;
  readonly toolsFolder: string;
  private readonly connection: SharedConnection;
  private readonly sockets: GuestSockets;
  /** Where a port was found the last time. */
  private readonly reached = new Map<number, string>();
  private readonly filesOf = new Map<string | undefined, SftpFiles>();

  constructor(private readonly options: GuestOptions) {
    this.machineId = options.machineId;
    this.toolsFolder = options.toolsFolder ?? '/.bulkhead/bin';
    this.connection = new SharedConnection({ ...options, username: options.username ?? 'root' });
    this.sockets = new GuestSockets(this.connection, options.log);
  }

  async ready(options: WaitOptions = {}): Promise<void> {
    await this.connection.get(options);
  }

  async spawn(command: GuestCommand, options: RunOptions & { pty?: Pty } = {}): Promise<GuestProcess> {
    const env = await this.env(options);
    const pty = options.pty && sshPty(options.pty);
    const session = pty ? { env, pty } : { env };
    return guestProcess(await this.connection.openExec(encodeCommand(command), session, options));
  }

  async shell(options: RunOptions & { pty: Pty }): Promise<GuestProcess> {
    const session = { env: await this.env(options), pty: sshPty(options.pty) };
    return guestProcess(await this.connection.openShell(session, options));
  }

  private async env(options: RunOptions): Promise<Record<string, string>> {
    const session = { user: options.user, cwd: options.cwd ?? this.options.defaultCwd };
    const { remoteEnv, lentEnvironment } = this.options;
    const lent =
      options.lendCredentials && lentEnvironment
        ? await lentEnvironment({ ...remoteEnv, ...options.env }, options)
        : {};
    return sessionEnv(session, remoteEnv, options.env, lent);
  }

  async run(
    command: GuestCommand,
    options: RunOptions & { maxBytes?: number; input?: Buffer; deadlineMs?: number } = {},
  ): Promise<CommandOutput> {
    const what = `The command ${describeCommand(command)} in the VM`;
    return withDeadline(
      { what, ms: options.deadlineMs ?? RUN_MS, signal: options.signal },
      async (signal) => {
        const process = await this.spawn(command, { ...options, signal });
        const stop = () => process.dispose();
        signal.addEventListener('abort', stop, { once: true });
        try {
          return await collect(process, options.input, options.maxBytes ?? RUN_MAX_BYTES);
        } finally {
          signal.removeEventListener('abort', stop);
          process.dispose();
        }
      },
    );
  }

  async files(options: WaitOptions & { user?: string } = {}): Promise<GuestFiles> {
    let files = this.filesOf.get(options.user);
    if (!files) {
      files = new SftpFiles(this, this.connection, options.user, this.toolsFolder, this.options.log);
      this.filesOf.set(options.user, files);
    }
    await files.ready(options);
    return files;
  }

  async openPort(port: number, options: WaitOptions = {}): Promise<Duplex> {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new BulkheadError(`Not a TCP port: ${port}`, {
        kind: 'usage',
        next: 'Give a number from 1 to 65535.',
      });
    }
    const known = this.reached.get(port);
    const hosts = known === undefined ? HOSTS : [known, ...HOSTS.filter((host) => host !== known)];
    for (const host of hosts) {
      try {
        const opened = await this.connection.openPort(host, port, options);
        this.reached.set(port, host);
        return portStream(opened);
      } catch (error) {
        if (!isConnectFailure(error)) {
          throw error;
        }
      }
    }
    throw new BulkheadError(`Nothing in the VM listens on port ${port}`, {
      next: `See what does: \`bulkhead ports ${this.machineId}\`.`,
    });
  }

  socket(options: Pick<SocketOptions, 'path' | 'accept'>): GuestSocket {
    return this.sockets.offer({
      ...options,
      prepare: (wait) => prepareSocketFolder(this, posix.dirname(options.path), this.toolsFolder, wait),
    });
  }

  samples(options: WaitOptions = {}): AsyncGenerator<GuestSample, void> {
    return guestSamples(this.connection, options);
  }

  listeningPorts(options: WaitOptions = {}): AsyncGenerator<ListeningPort[], void> {
    return guestPorts(this.connection, options);
  }

  async control(message: 'freeze' | 'thaw' | 'poweroff', options: WaitOptions = {}): Promise<void> {
    const what = `The VM's answer to "${message}"`;
    await withDeadline({ what, ms: CONTROL_MS, signal: options.signal }, async (signal) => {
      // Connected first: the clock is read as late as possible.
      await this.connection.get({ signal });
      const argument = message === 'thaw' ? ` ${BigInt(Date.now()) * 1_000_000n}` : '';
      const opened = await this.connection.openExec(
        `bulkhead-control ${message}${argument}`,
        { env: {} },
        { signal },
      );
      const process = guestProcess(opened);
      const stop = () => process.dispose();
      signal.addEventListener('abort', stop, { once: true });
      try {
        const output = await collect(process, undefined, 64 * 1024).catch((error: unknown) => {
          // A guest that powers off takes the connection with it.
          if (message === 'poweroff' && !signal.aborted) {
            return undefined;
          }
          throw error;
        });
        if (output && output.code !== 0) {
          throw new BulkheadError(`The VM's agent failed to ${message} (exit code ${output.code}).`, {
            details: printable(output.stderr.toString(), 2000),
          });
        }
      } finally {
        signal.removeEventListener('abort', stop);
        process.dispose();
      }
    });
  }

  onDidDisconnect(listener: (reason: Error) => void): Disposable {
    return this.connection.onDidDisconnect(listener);
  }

  dispose(): void {
    for (const files of this.filesOf.values()) {
      files.dispose();
    }
    this.filesOf.clear();
    this.connection.dispose();
  }
}

function isConnectFailure(error: unknown): boolean {
  const cause: unknown = error instanceof BulkheadError ? error.cause : undefined;
  return cause instanceof Error && 'reason' in cause && cause.reason === CONNECT_FAILED;
}

function sshPty(pty: Pty): { rows: number; cols: number; term: string } {
  return {
    rows: Math.max(1, Math.floor(pty.rows)),
    cols: Math.max(1, Math.floor(pty.columns)),
    term: /^[A-Za-z0-9._+-]{1,64}$/.test(pty.term) ? pty.term : 'xterm-256color',
  };
}

/** A command as a person would recognise it, short. */
export function describeCommand(command: GuestCommand): string {
  const text = 'argv' in command ? command.argv.join(' ') : command.script;
  return `\`${printable(text, 120).replaceAll('\n', ' ')}\``;
}

async function collect(
  process: GuestProcess,
  input: Buffer | undefined,
  maxBytes: number,
): Promise<CommandOutput> {
  const stdout = bounded(process.stdout, maxBytes);
  const stderr = bounded(process.stderr, maxBytes);
  process.stdin.on('error', () => undefined);
  process.stdin.end(input);
  const status = await process.exited;
  return {
    ...status,
    stdout: stdout.bytes(),
    stderr: stderr.bytes(),
    truncated: stdout.truncated() || stderr.truncated(),
  };
}

/** Collects the first `maxBytes` and reads on without keeping more. */
function bounded(stream: NodeJS.ReadableStream, maxBytes: number) {
  // In one piece: a guest that sends single bytes would make a million Buffers of a megabyte.
  let kept = Buffer.allocUnsafe(Math.min(maxBytes, 16 * 1024));
  let length = 0;
  let cut = false;
  stream.on('data', (chunk: Buffer) => {
    const taken = Math.min(chunk.length, maxBytes - length);
    cut ||= taken < chunk.length;
    if (length + taken > kept.length) {
      const larger = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(kept.length * 2, length + taken)));
      kept.copy(larger, 0, 0, length);
      kept = larger;
    }
    length += chunk.copy(kept, length, 0, taken);
  });
  return { bytes: () => kept.subarray(0, length), truncated: () => cut };
}
