import { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import type { OpenChannel } from './sharedConnection';
import { writesTo } from './writesTo';

/** A forwarded TCP connection as a plain Duplex, with ordinary `destroy`, `close` and backpressure. */
export function portStream({ channel, connection, release }: OpenChannel<ClientChannel>): Duplex {
  const stream: Duplex = new Duplex({
    allowHalfOpen: true,
    read: () => void channel.resume(),
    ...writesTo(channel, connection),
    destroy: (error, callback) => {
      channel.resume();
      channel.close();
      release();
      callback(error);
    },
  });
  channel.stderr.resume();
  channel.on('data', (chunk: Buffer) => {
    if (!stream.destroyed && !stream.push(chunk)) {
      channel.pause();
    }
  });
  channel.on('end', () => {
    if (connection.isOpen) {
      stream.push(null);
    } else {
      // Its last bytes may be missing: that is no end.
      stream.destroy(connection.lost);
    }
  });
  channel.on('close', () => {
    release();
    // What has come must still be read: the guest may have said all and closed while the reader is slow.
    if (stream.readableEnded || stream.destroyed) {
      stream.destroy();
    } else {
      stream.once('end', () => stream.destroy());
    }
  });
  return stream;
}
