import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Connection, ServerChannel, ServerConfig, Session } from 'ssh2';
import { afterEach } from 'vitest';
import type { GuestIdentity } from '../../../src/guest/identity';
import { HostileServer } from '../../unit/guest/hostileServer';

const open: HostilePeer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((peer) => peer.close()));
});

/** What answers in a taken-over guest, on a Unix socket of its own, so that the host's side can be another process. */
export class HostilePeer {
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly socket: string,
    readonly identity: GuestIdentity,
    private readonly server: Server,
    private readonly folder: string,
  ) {}

  /** A whole SSH server with the pinned host key; `script` is what it does with each session. */
  static ssh(
    script: (session: Session, connection: Connection) => void,
    options: {
      config?: Partial<ServerConfig>;
      onConnection?: (connection: Connection) => void;
      /** What lies between the server and the victim. */
      through?: (socket: Socket) => Duplex;
    } = {},
  ): Promise<HostilePeer> {
    const hostile = new HostileServer(script);
    return HostilePeer.listen(hostile.identity, (socket) =>
      hostile.serve(options.through?.(socket) ?? socket, options.config, options.onConnection),
    );
  }

  /** An SSH server whose commands and shells all do this. */
  static exec(script: (channel: ServerChannel, connection: Connection) => void): Promise<HostilePeer> {
    return HostilePeer.ssh((session, connection) => {
      session.on('env', (accept) => accept?.());
      session.on('pty', (accept) => accept?.());
      session.on('exec', (accept) => script(accept(), connection));
      session.on('shell', (accept) => script(accept(), connection));
    });
  }

  /** Bytes of any kind instead of SSH. */
  static raw(script: (socket: Socket) => void): Promise<HostilePeer> {
    return HostilePeer.listen(new HostileServer(() => undefined).identity, script);
  }

  private static async listen(
    identity: GuestIdentity,
    onSocket: (socket: Socket) => void,
  ): Promise<HostilePeer> {
    const folder = await mkdtemp(join(tmpdir(), 'bulkhead-evil-'));
    const path = join(folder, 's');
    const server = createServer((socket) => {
      peer.sockets.add(socket);
      socket.on('error', () => undefined);
      onSocket(socket);
    });
    const peer = new HostilePeer(path, identity, server, folder);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    open.push(peer);
    return peer;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => this.server.close(resolve));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Calls `more` as often as the channel takes it, for as long as somebody is there. */
export function flood(channel: ServerChannel, block: Buffer): void {
  const more = () => {
    while (channel.writable && channel.write(block)) {
      // As fast as the window lets it.
    }
  };
  channel.on('drain', more);
  channel.on('error', () => undefined);
  more();
}
