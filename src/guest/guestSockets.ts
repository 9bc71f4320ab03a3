import type { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { withDeadline } from '../core/deadline';
import type { Disposable } from '../core/disposables';
import { BulkheadError, CancelledError, messageOf } from '../core/errors';
import { type Log, printable } from '../core/log';
import type { WaitOptions } from '../machine/hypervisor';
import { portStream } from './portStream';
import type { SharedConnection } from './sharedConnection';
import type { SshConnection } from './sshConnection';

/** Streams of one socket at a time; more are turned away. */
const STREAMS_MAX = 8;
const BIND_MS = 20_000;
/** A guest that does not answer must not hold up its own end. */
const UNBIND_MS = 3_000;
/** Linux's `sun_path` has 108 bytes, its NUL included. */
const PATH = /^\/[A-Za-z0-9/_.-]{1,106}$/;

/** A unix socket in the guest whose connections come to this host. Made anew with each SSH connection until it is disposed. */
export interface GuestSocket extends Disposable {
  readonly path: string;
  /** Resolves once the guest listens on it, connecting if need be. */
  ready(options?: WaitOptions): Promise<void>;
  /** Ends its streams and refuses new ones at once; resolves when the guest has taken it down (or is gone). */
  close(): Promise<void>;
}

export interface SocketOptions {
  path: string;
  /** Called with each connection; whoever gets it ends it. All that comes out of it is untrusted. */
  accept: (stream: Duplex) => void;
  /** What must be done in the guest before the socket can be made. */
  prepare: (options: WaitOptions) => Promise<void>;
}

/**
 * The sockets of one guest. Nothing listens on this host: the guest's sshd does, and opens a channel for each connection.
 * Channels for a name that was not asked for (any more) are refused.
 */
export class GuestSockets {
  private readonly sockets = new Map<string, Socket>();

  constructor(
    private readonly connection: SharedConnection,
    private readonly log: Log,
  ) {
    connection.onDidConnect((made) => this.attach(made));
  }

  offer(options: SocketOptions): GuestSocket {
    if (!PATH.test(options.path) || this.sockets.has(options.path)) {
      throw new BulkheadError(`Not a free name for a socket: ${options.path}`, { kind: 'usage' });
    }
    const socket = new Socket(this.connection, options, () => this.sockets.delete(options.path));
    this.sockets.set(options.path, socket);
    return socket;
  }

  private attach(connection: SshConnection): void {
    connection.client.on('unix connection', ({ socketPath }, accept, reject) => {
      const socket = this.sockets.get(socketPath);
      if (!socket?.hasRoom) {
        reject();
        return;
      }
      // The types know only its base class; on a client it has a stderr as every other channel (ssh2, lib/Channel.js).
      const channel = accept() as ClientChannel;
      connection.guard(channel);
      socket.serve(portStream({ channel, connection, release: () => undefined }));
    });
    for (const socket of this.sockets.values()) {
      socket.bindTo(connection).catch((error: unknown) => {
        if (connection.isOpen) {
          const why = printable(messageOf(error), 300);
          this.log.warn(
            `${this.connection.target.machineId}: the socket ${socket.path} is not there: ${why}`,
          );
        }
      });
    }
  }
}

class Socket implements GuestSocket {
  readonly path: string;
  private readonly streams = new Set<Duplex>();
  private bound: { connection: SshConnection; done: Promise<void> } | undefined;
  private disposed = false;
  /** Resolves once the guest has been told that it ended. */
  private taken: Promise<void> = Promise.resolve();

  constructor(
    private readonly connection: SharedConnection,
    private readonly options: SocketOptions,
    private readonly forget: () => void,
  ) {
    this.path = options.path;
  }

  get hasRoom(): boolean {
    return this.streams.size < STREAMS_MAX;
  }

  serve(stream: Duplex): void {
    this.streams.add(stream);
    stream.once('close', () => this.streams.delete(stream));
    // Its close follows, and is all that matters.
    stream.on('error', () => undefined);
    this.options.accept(stream);
  }

  async ready(options: WaitOptions = {}): Promise<void> {
    await this.bindTo(await this.connection.get(options));
  }

  bindTo(connection: SshConnection): Promise<void> {
    if (this.disposed) {
      return Promise.reject(new CancelledError());
    }
    if (this.bound?.connection !== connection) {
      const done = this.bind(connection);
      const bound = { connection, done };
      this.bound = bound;
      // Whoever waits gets the error; the next one tries again.
      done.catch(() => {
        if (this.bound === bound) {
          this.bound = undefined;
        }
      });
    }
    return this.bound?.done ?? Promise.reject(new CancelledError());
  }

  private bind(connection: SshConnection): Promise<void> {
    return withDeadline({ what: 'A socket in the VM', ms: BIND_MS }, async (signal) => {
      await this.options.prepare({ signal });
      if (this.disposed || !connection.isOpen) {
        throw new CancelledError();
      }
      await asked(connection, (callback) =>
        connection.client.openssh_forwardInStreamLocal(this.path, callback),
      );
      if (this.disposed) {
        await this.unbind(connection);
        throw new CancelledError();
      }
    });
  }

  private async unbind(connection: SshConnection): Promise<void> {
    await asked(connection, (callback) =>
      connection.client.openssh_unforwardInStreamLocal(this.path, callback),
    );
  }

  async close(): Promise<void> {
    const bound = this.bound;
    this.dispose();
    if (bound?.connection.isOpen) {
      await withDeadline({ what: 'The end of a socket in the VM', ms: UNBIND_MS }, async () => {
        // One that is still being made takes itself down.
        await bound.done.catch(() => undefined);
        await this.taken;
      });
    }
  }

  dispose(): void {
    if (this.disposed) {
      return;
    }
    this.disposed = true;
    this.forget();
    for (const stream of this.streams) {
      stream.destroy();
    }
    const bound = this.bound;
    this.bound = undefined;
    if (bound?.connection.isOpen) {
      this.taken = bound.done.then(
        () => this.unbind(bound.connection),
        // It was never there.
        () => undefined,
      );
      // A guest that does not take it down has an ear on nobody: its channels are refused here.
      this.taken = this.taken.catch(() => undefined);
    }
  }
}

/** A global request and its answer; rejects if the connection goes first. */
function asked(
  connection: SshConnection,
  ask: (callback: (error?: Error | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    void connection.closed.then(reject);
    ask((error) => {
      if (error) {
        reject(new BulkheadError(`The VM refused: ${printable(messageOf(error), 300)}`, { cause: error }));
      } else {
        resolve();
      }
    });
  });
}
