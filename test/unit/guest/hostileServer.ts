import { Duplex } from 'node:stream';
import ssh2, { type Connection, type ServerChannel, type ServerConfig, type Session } from 'ssh2';
import { type Log, silentLog } from '../../../src/core/log';
import { connectGuest, type GuestOptions } from '../../../src/guest/connectGuest';
import type { GuestIdentity } from '../../../src/guest/identity';
import { generateEd25519, privateKeyText, publicKeyBlob, publicKeyLine } from '../../../src/guest/keys';

/** Two ends of one in-memory byte stream. */
function streamPair(): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  const waiting: ((() => void) | undefined)[] = [];
  for (const side of [0, 1]) {
    ends.push(
      new Duplex({
        read: () => {
          const ready = waiting[side];
          waiting[side] = undefined;
          ready?.();
        },
        // What was written in one turn arrives in one piece, as with a socket that was busy.
        writev: (chunks, callback) => {
          // Later, as a socket does: ssh2 must not be called from within its own write.
          setImmediate(() => {
            const other = ends[1 - side];
            const all = Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer));
            if (!other || other.destroyed || other.push(all)) {
              callback();
            } else {
              waiting[1 - side] = callback;
            }
          });
        },
        final: (callback) => {
          ends[1 - side]?.push(null);
          callback();
        },
        destroy: (error, callback) => {
          const other = ends[1 - side];
          if (other && !other.destroyed) {
            setImmediate(() => other.destroy());
          }
          callback(error);
        },
      }),
    );
  }
  for (const end of ends) {
    const write = end.write.bind(end) as (chunk: Buffer) => boolean;
    end.write = (chunk: Buffer) => {
      end.cork();
      setImmediate(() => end.uncork());
      return write(chunk);
    };
  }
  return [ends[0] as Duplex, ends[1] as Duplex];
}

/** What ssh2's server side keeps private and a liar needs: the raw SSH and SFTP messages. */
export interface RawProtocol {
  channelData(id: number, data: Buffer): void;
  channelExtData(id: number, data: Buffer, type: number): void;
  channelEOF(id: number): void;
  channelWindowAdjust(id: number, amount: number): void;
}

/** A scripted SSH server that plays a taken-over guest. */
export class HostileServer {
  readonly identity: GuestIdentity;
  private readonly hostKey: string;
  connections: Connection[] = [];

  constructor(private readonly script: (session: Session, connection: Connection) => void) {
    const client = generateEd25519();
    const host = generateEd25519();
    this.hostKey = privateKeyText(host, 'host');
    this.identity = {
      clientKey: privateKeyText(client, 'client'),
      authorizedKey: publicKeyLine(client, 'client'),
      hostKey: this.hostKey,
      hostKeyBlob: publicKeyBlob(host),
      clientKeyFile: '/none',
      knownHostsFile: '/none',
    };
  }

  dial = async (): Promise<Duplex> => {
    const [ours, theirs] = streamPair();
    this.serve(theirs);
    return ours;
  };

  /** Answers on a stream of the test's own. */
  serve(
    stream: Duplex,
    config: Partial<ServerConfig> = {},
    onConnection: (connection: Connection) => void = () => undefined,
  ): void {
    const server = new ssh2.Server({ hostKeys: [this.hostKey], ...config }, (connection) => {
      this.connections.push(connection);
      onConnection(connection);
      connection.on('error', () => undefined);
      connection.on('authentication', (context) => context.accept());
      connection.on('session', (accept) => this.script(accept(), connection));
    });
    server.injectSocket(stream as never);
  }

  guest(options: Partial<GuestOptions> = {}, log: Log = silentLog) {
    return connectGuest({
      machineId: 'evil',
      dial: this.dial,
      identity: this.identity,
      log,
      defaultCwd: '/',
      ...options,
    });
  }
}

export function rawProtocol(connection: Connection): RawProtocol {
  return (connection as unknown as { _protocol: RawProtocol })._protocol;
}

/** The client's number of a channel. */
export function channelId(channel: ServerChannel): number {
  return (channel as unknown as { outgoing: { id: number } }).outgoing.id;
}
