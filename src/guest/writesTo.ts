import type { WritableOptions } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import type { SshConnection } from './sshConnection';

/** How a stream writes to a channel: it waits for the SSH window and for the transport, and ends with EOF. */
export function writesTo(
  channel: ClientChannel,
  connection: SshConnection,
): Required<Pick<WritableOptions, 'write' | 'final'>> {
  return {
    write: (chunk: Buffer, _encoding, callback) => {
      channel.write(chunk, (error) => {
        if (error) {
          callback(error);
        } else {
          connection.whenWritable(() => callback());
        }
      });
    },
    final: (callback) => {
      channel.end();
      callback();
    },
  };
}
