import type { ClientChannel, SFTPWrapper } from 'ssh2';
import { delay, withDeadline } from '../core/deadline';
import type { Disposable } from '../core/disposables';
import { BulkheadError, CancelledError, DeadlineError, messageOf } from '../core/errors';
import { Listeners } from '../core/listeners';
import { printable } from '../core/log';
import type { WaitOptions } from '../machine/hypervisor';
import { Slots } from './slots';
import { RefusedError, SshConnection, type SshTarget } from './sshConnection';

/** At most this many channels at a time; the kit's sshd_config allows 200 sessions. */
const CHANNELS = 64;
const CHANNEL_MS = 60_000;
const READY_MS = 120_000;
const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 3_000;
/** The far end of a dial waits for the guest's boot itself (guest/vmm/connect), so silence is no reason to dial again soon. */
const FIRST_BYTE_MS = 100_000;

export interface OpenChannel<T> {
  channel: T;
  connection: SshConnection;
  /** Gives the channel's place back; call once the channel is closed. */
  release: () => void;
}

/** What the guest said of the process's end so far: the arguments of ssh2's `exit` event. */
export interface SessionExit {
  status?: [code: unknown, signal: unknown];
}

type Callback<T> = (error: Error | undefined, channel: T) => void;

/** The one connection that everything to a guest shares: made when it is needed, made anew when it broke. */
export class SharedConnection implements Disposable {
  private current: SshConnection | undefined;
  private attempt:
    | { connected: Promise<SshConnection>; controller: AbortController; waiters: number }
    | undefined;
  private disposed = false;
  private readonly slots = new Slots(CHANNELS);
  private readonly disconnects = new Listeners<Error>();
  private readonly connects = new Listeners<SshConnection>();

  constructor(readonly target: SshTarget) {}

  onDidDisconnect(listener: (reason: Error) => void): Disposable {
    return this.disconnects.add(listener);
  }

  /** Called with each connection as soon as it is open. */
  onDidConnect(listener: (connection: SshConnection) => void): Disposable {
    return this.connects.add(listener);
  }

  /** The open connection. While somebody waits here, attempts go on with back-off. */
  async get(options: WaitOptions & { deadlineMs?: number } = {}): Promise<SshConnection> {
    this.checkDisposed();
    if (this.current?.isOpen) {
      return this.current;
    }
    this.attempt ??= this.startAttempts();
    const attempt = this.attempt;
    attempt.waiters++;
    try {
      return await withDeadline(
        {
          what: `The SSH server of ${this.target.machineId}`,
          ms: options.deadlineMs ?? READY_MS,
          signal: options.signal,
          next: `Look at the VM's console: \`bulkhead logs ${this.target.machineId} --console\`.`,
        },
        () => attempt.connected,
      );
    } finally {
      attempt.waiters--;
      if (attempt.waiters === 0) {
        attempt.controller.abort();
        if (this.attempt === attempt) {
          this.attempt = undefined;
        }
      }
    }
  }

  private startAttempts() {
    const controller = new AbortController();
    const connected = this.connect(controller.signal);
    // Whoever waits gets the error from `get`; nobody may be waiting any more.
    connected.catch(() => undefined);
    return { connected, controller, waiters: 0 };
  }

  private async connect(signal: AbortSignal): Promise<SshConnection> {
    let pauseMs = RETRY_FIRST_MS;
    for (;;) {
      try {
        const connection = await SshConnection.open(this.target, { firstByteMs: FIRST_BYTE_MS, signal });
        if (signal.aborted || this.disposed) {
          connection.lose(new CancelledError());
          throw new CancelledError();
        }
        this.adopt(connection);
        return connection;
      } catch (error) {
        if (signal.aborted || !isWorthRetrying(error)) {
          throw error;
        }
        this.target.log.debug(`${this.target.machineId}: ${printable(messageOf(error), 300)}; trying again`);
      }
      // Jitter keeps several windows that lost the same engine from knocking in step.
      await delay(pauseMs * (0.5 + Math.random()), signal);
      pauseMs = Math.min(pauseMs * 1.6, RETRY_MAX_MS);
    }
  }

  private adopt(connection: SshConnection): void {
    this.current = connection;
    void connection.closed.then((reason) => {
      if (this.current === connection) {
        this.current = undefined;
      }
      if (!this.disposed) {
        this.target.log.info(`Disconnected from ${this.target.machineId}: ${printable(reason.message, 300)}`);
        this.disconnects.fire(reason);
      }
    });
    this.connects.fire(connection);
  }

  openExec(
    command: string,
    options: { env: Record<string, string>; pty?: { rows: number; cols: number; term: string } },
    wait: WaitOptions,
  ): Promise<OpenChannel<ClientChannel> & { exit: SessionExit }> {
    return this.openSession((client, callback) => client.exec(command, options, callback), wait);
  }

  openShell(
    options: { env: Record<string, string>; pty: { rows: number; cols: number; term: string } },
    wait: WaitOptions,
  ): Promise<OpenChannel<ClientChannel> & { exit: SessionExit }> {
    return this.openSession(
      (client, callback) => client.shell(options.pty, { env: options.env }, callback),
      wait,
    );
  }

  /** `host` is as the guest sees it. */
  openPort(host: string, port: number, wait: WaitOptions): Promise<OpenChannel<ClientChannel>> {
    return this.open<ClientChannel>(
      (client, callback) => client.forwardOut('127.0.0.1', 0, host, port, callback),
      { opened: (channel, connection) => connection.guard(channel), discard: (channel) => channel.close() },
      wait,
    );
  }

  openSftp(user: string | undefined, wait: WaitOptions): Promise<OpenChannel<SFTPWrapper>> {
    return this.open<SFTPWrapper>(
      (client, callback) => {
        if (user === undefined) {
          client.sftp(callback);
        } else {
          // ssh2 takes an environment here (lib/client.js, `sftp(env, cb)`), which its types don't know.
          const sftp = client.sftp as unknown as (env: object, callback: Callback<SFTPWrapper>) => void;
          sftp.call(client, { BULKHEAD_USER: user }, callback);
        }
      },
      { opened: () => undefined, discard: (sftp) => sftp.end() },
      wait,
    );
  }

  private async openSession(
    start: (client: SshConnection['client'], callback: Callback<ClientChannel>) => void,
    wait: WaitOptions,
  ): Promise<OpenChannel<ClientChannel> & { exit: SessionExit }> {
    const exit: SessionExit = {};
    const opened = (channel: ClientChannel, connection: SshConnection) => {
      connection.guard(channel);
      channel.once('exit', (code: unknown, signal: unknown) => {
        exit.status = [code, signal];
      });
    };
    return { ...(await this.open(start, { opened, discard: (channel) => channel.close() }, wait)), exit };
  }

  /**
   * `opened` is called before anything is awaited: output, and even a short command's end, can come in the same packet as
   * the channel's confirmation.
   */
  private async open<T>(
    start: (client: SshConnection['client'], callback: Callback<T>) => void,
    {
      opened,
      discard,
    }: { opened: (channel: T, connection: SshConnection) => void; discard: (channel: T) => void },
    wait: WaitOptions,
  ): Promise<OpenChannel<T>> {
    const connection = await this.get(wait);
    return withDeadline(
      { what: 'A new SSH channel to the VM', ms: CHANNEL_MS, signal: wait.signal },
      async (signal) => {
        const release = await this.slots.acquire(signal);
        try {
          const channel = await new Promise<T>((resolve, reject) => {
            const callback: Callback<T> = (error, channel) => {
              if (error) {
                reject(channelError(error, connection));
              } else if (signal.aborted) {
                // Too late: nobody waits for it any more.
                discard(channel);
                reject(new CancelledError());
              } else {
                opened(channel, connection);
                resolve(channel);
              }
            };
            try {
              start(connection.client, callback);
            } catch (error) {
              connection.lose(new BulkheadError('The connection to the VM was lost.', { cause: error }));
              reject(channelError(error, connection));
            }
            signal.addEventListener('abort', () => reject(new CancelledError()), { once: true });
          });
          return { channel, connection, release };
        } catch (error) {
          release();
          throw error;
        }
      },
    );
  }

  private checkDisposed(): void {
    if (this.disposed) {
      throw new CancelledError(`The connection to ${this.target.machineId} was closed`);
    }
  }

  dispose(): void {
    this.disposed = true;
    this.attempt?.controller.abort();
    this.current?.lose(new CancelledError('The connection was closed'));
    this.current = undefined;
  }
}

function channelError(error: unknown, connection: SshConnection): BulkheadError {
  return connection.isOpen
    ? new BulkheadError(`The VM refused a new SSH channel: ${printable(messageOf(error), 300)}`, {
        cause: error,
      })
    : connection.lost;
}

/** A deadline or a broken stream may pass while a VM boots; a refusal, a usage error or no engine does not. */
function isWorthRetrying(error: unknown): boolean {
  if (error instanceof RefusedError) {
    return false;
  }
  return !(error instanceof BulkheadError) || error.kind === 'failed' || error instanceof DeadlineError;
}
