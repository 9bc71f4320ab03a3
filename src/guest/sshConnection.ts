import type { Duplex } from 'node:stream';
import { Client, type ClientChannel } from 'ssh2';
import { withDeadline } from '../core/deadline';
import { BulkheadError, messageOf } from '../core/errors';
import { type Log, printable } from '../core/log';
import type { WaitOptions } from '../machine/hypervisor';
import { checkMessages, isRekeying } from './checkedMessages';
import type { GuestIdentity } from './identity';
import { packCrumbs } from './packedCrumbs';

export interface SshTarget {
  machineId: string;
  dial: (options: WaitOptions) => Promise<Duplex>;
  identity: GuestIdentity;
  log: Log;
  username: string;
}

const DIAL_MS = 30_000;
const HANDSHAKE_MS = 115_000;
/** A greeting, a key exchange and a login take some 3 KB. ssh2 would read lines before the greeting without end. */
const HANDSHAKE_MAX = 256 * 1024;
const KEEPALIVE_MS = 15_000;
const KEEPALIVE_MISSES = 4;

/**
 * ssh2 answers global and channel requests without looking at backpressure. A guest that asks and never
 * reads would fill the host's memory with answers: beyond this many unsent bytes the connection is cut.
 */
const UNSENT_MAX = 64 * 1024 * 1024;
/** Above this many unsent bytes, bulk writers wait. */
const UNSENT_HIGH = 1024 * 1024;
/** ssh2's receive window is 2 MiB a channel; a guest that sends beyond it is cut off, not buffered. */
const UNREAD_MAX = 4 * 1024 * 1024;

/** A refusal that another attempt will not change: a wrong host key, a refused client key. */
export class RefusedError extends BulkheadError {
  override readonly name = 'RefusedError';
}

/** One SSH connection, authenticated both ways. It is open until `closed` resolves, and never reopens. */
export class SshConnection {
  private lostBecause: Error | undefined;
  private settleClosed: (reason: Error) => void = () => undefined;
  /** Resolves with the reason once the connection is gone. */
  readonly closed = new Promise<Error>((resolve) => {
    this.settleClosed = resolve;
  });

  private constructor(
    readonly client: Client,
    private readonly sock: Duplex,
  ) {
    // One waiting writer a channel.
    sock.setMaxListeners(0);
    ownErrors(sock);
  }

  get isOpen(): boolean {
    return this.lostBecause === undefined;
  }

  /** The error of whatever was under way when it broke. */
  get lost(): BulkheadError {
    const why = this.lostBecause instanceof BulkheadError ? ` ${this.lostBecause.message}` : '';
    return new BulkheadError(`The connection to the VM was lost.${why}`, { cause: this.lostBecause });
  }

  /** Cuts the connection. All channels see their streams end. */
  lose(reason: Error): void {
    if (this.lostBecause === undefined) {
      this.lostBecause = reason;
      this.settleClosed(reason);
    }
    this.sock.destroy();
  }

  /** Calls `then` as soon as the transport takes more bulk data. */
  whenWritable(then: () => void): void {
    const { sock } = this;
    const isBusy = () => sock.writableLength > UNSENT_HIGH || isRekeying(this.client);
    if (!isBusy() || !this.isOpen) {
      then();
      return;
    }
    const settle = () => {
      sock.off('drain', look);
      sock.off('data', look);
      sock.off('close', settle);
      then();
    };
    const look = () => {
      if (!isBusy()) {
        settle();
      }
    };
    sock.on('drain', look);
    // What comes may end a key exchange. One that never ends stops the keepalives too, and those cut the connection.
    sock.on('data', look);
    sock.on('close', settle);
  }

  /**
   * Cuts the connection if the guest sends more on this channel than its window allows, or anything after its end: ssh2 passes that on,
   * and a stream that gets it emits an error.
   */
  guard(channel: ClientChannel): void {
    for (const stream of [channel, channel.stderr]) {
      packCrumbs(stream);
      const push = stream.push.bind(stream);
      let ended = false;
      stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
        if (ended) {
          if (chunk !== null) {
            this.lose(new BulkheadError('The guest sent output after its end.'));
          }
          return false;
        }
        ended = chunk === null;
        if (chunk !== null && stream.readableLength > UNREAD_MAX) {
          this.lose(new BulkheadError('The guest sent more than the SSH window allows.'));
          return false;
        }
        return push(chunk, encoding);
      };
    }
  }

  /**
   * One attempt. `firstByteMs` is how long to wait for the server's greeting. Throws `RefusedError` when trying again is pointless.
   */
  static async open(
    target: SshTarget,
    options: { firstByteMs: number; signal: AbortSignal },
  ): Promise<SshConnection> {
    const dialing = { stream: undefined as Promise<Duplex> | undefined };
    let sock: Duplex;
    try {
      sock = await withDeadline(
        { what: 'A stream to the VM', ms: DIAL_MS, signal: options.signal },
        (signal) => {
          dialing.stream = target.dial({ signal });
          return dialing.stream;
        },
      );
    } catch (error) {
      // A stream that arrives after all is not wanted any more; its own failure was reported already.
      dialing.stream?.then(
        (late) => ownErrors(late).destroy(),
        () => undefined,
      );
      throw error;
    }
    const client = new Client();
    const connection = new SshConnection(client, sock);
    try {
      await withDeadline(
        { what: `SSH to ${target.machineId}`, ms: HANDSHAKE_MS, signal: options.signal },
        () => connection.handshake(target, options.firstByteMs),
      );
      return connection;
    } catch (error) {
      connection.lose(error instanceof Error ? error : new Error(messageOf(error)));
      throw error;
    }
  }

  private handshake(target: SshTarget, firstByteMs: number): Promise<void> {
    const { client, sock } = this;
    return new Promise((resolve, reject) => {
      let wrongKey = false;
      let firstError: Error | undefined;
      let isReady = false;
      let received = 0;
      const silence = setTimeout(
        () => fail(new BulkheadError(`The VM's SSH server did not answer within ${firstByteMs} ms`)),
        firstByteMs,
      );
      const fail = (error: Error) => {
        clearTimeout(silence);
        firstError ??= error;
        this.lose(firstError);
        reject(firstError);
      };
      client.on('ready', () => {
        clearTimeout(silence);
        isReady = true;
        resolve();
      });
      client.on('error', (error: Error & { level?: string }) => {
        const detail = printable(error.message, 300);
        target.log.debug(`SSH to ${target.machineId}: ${detail}`);
        if (wrongKey) {
          fail(wrongKeyError(target.machineId));
        } else if (error.level === 'client-authentication') {
          fail(
            new RefusedError(`The VM ${target.machineId} refused our key: ${detail}`, {
              next: `Remove the machine and open the folder again, or run \`bulkhead logs ${target.machineId}\`.`,
            }),
          );
        } else {
          fail(new BulkheadError(`The connection to the VM failed: ${detail}`, { cause: error }));
        }
      });
      // A half-closed transport is no connection: without this the writable half would stay open.
      client.on('end', () => fail(new BulkheadError('The VM closed the connection.')));
      client.on('close', () => fail(new BulkheadError('The connection to the VM was lost.')));
      client.connect({
        sock,
        username: target.username,
        privateKey: target.identity.clientKey,
        authHandler: ['publickey'],
        hostVerifier: (key: Buffer) => {
          wrongKey = !key.equals(target.identity.hostKeyBlob);
          return !wrongKey;
        },
        readyTimeout: HANDSHAKE_MS,
        keepaliveInterval: KEEPALIVE_MS,
        keepaliveCountMax: KEEPALIVE_MISSES,
        algorithms: {
          kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org'],
          serverHostKey: ['ssh-ed25519'],
          cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com'],
          hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com'],
          // Never compressed: a guest could send megabytes as a few bytes.
          compress: ['none'],
        },
      });
      checkMessages(client, (what) =>
        fail(new BulkheadError(`The guest's SSH server offers ${what}; the connection was cut.`)),
      );
      // 44 ms a round trip and 1 MB/s without it, where the transport is a TCP socket.
      client.setNoDelay(true);
      sock.on('data', (chunk: Buffer) => {
        clearTimeout(silence);
        received += chunk.length;
        if (!isReady && received > HANDSHAKE_MAX) {
          fail(
            new BulkheadError(
              'The guest talks without end before it lets anybody in; the connection was cut.',
            ),
          );
        }
        if (sock.writableLength > UNSENT_MAX) {
          fail(new BulkheadError('The guest asks without reading the answers; the connection was cut.'));
        }
      });
    });
  }
}

/** A stream that is let go half open says so by an `error`, which nobody may be listening to yet: ours it is, and no crash. */
function ownErrors(stream: Duplex): Duplex {
  return stream.on('error', () => undefined);
}

function wrongKeyError(machineId: string): RefusedError {
  return new RefusedError(
    `The SSH server that answers for ${machineId} does not have the key that was made for it: not connected.`,
    {
      next: `Something else answers in its place. Run \`bulkhead rm ${machineId}\` and open the folder again.`,
    },
  );
}
