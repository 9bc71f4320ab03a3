import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** A transport that can be told to send one byte at a time from now on. */
export interface Drip {
  stream: Duplex;
  begin: () => void;
}

/** @param everyMs between two bytes */
export function drip(socket: Socket, everyMs: number): Drip {
  let slow = false;
  const stream = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      if (!slow) {
        socket.write(chunk, done);
        return;
      }
      let at = 0;
      const next = () => {
        if (socket.destroyed || at >= chunk.length) {
          done();
          return;
        }
        socket.write(chunk.subarray(at, ++at));
        setTimeout(next, everyMs);
      };
      next();
    },
    final: (done) => {
      socket.end();
      done();
    },
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk) => {
    if (!stream.push(chunk)) {
      socket.pause();
    }
  });
  socket.once('close', () => stream.destroy());
  return {
    stream,
    begin: () => {
      slow = true;
    },
  };
}
