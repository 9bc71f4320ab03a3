import { deflateSync } from 'node:zlib';
import type { Connection, ServerChannel } from 'ssh2';
import { expect } from 'vitest';
import { channelId, HostileServer } from '../../unit/guest/hostileServer';
import { attack } from '../attack';
import { runVictim } from '../victim/runVictim';
import { HostilePeer } from './hostilePeer';
import { MESSAGE, sendPayload, sshString, uint32 } from './rawSsh';

attack(
  {
    id: 'ssh-impostor',
    from: 'guest',
    tries: 'Another SSH server with a key of its own answers in the guest’s place.',
    holds: 'It is refused at the first key exchange, once, before anything is sent to it.',
    promise: 'no-impostor',
  },
  async () => {
    let sessions = 0;
    const peer = await HostilePeer.ssh(() => sessions++);
    const other = new HostileServer(() => undefined).identity;
    const report = await runVictim({ socket: peer.socket, identity: other }, 'connect');
    expect(report.error).toContain('does not have the key that was made for it');
    expect(sessions).toBe(0);
    return report.error ?? '';
  },
);

attack(
  {
    id: 'ssh-greeting-flood',
    from: 'guest',
    tries: 'Lines without end before SSH’s greeting, then a packet that claims 4 GiB.',
    holds:
      'The connection is given up after 256 KiB or at the claimed length; the attempts stop when the user cancels.',
    promise: 'bounded-use',
  },
  async () => {
    const line = Buffer.from(`${'x'.repeat(4000)}\r\n`.repeat(50));
    let attempts = 0;
    const flooding = await HostilePeer.raw((socket) => {
      attempts++;
      const more = () => {
        while (socket.writable && socket.write(line)) {
          // Until the other side closes.
        }
      };
      socket.on('drain', more);
      more();
    });
    const flooded = await runVictim(flooding, 'connect', {}, { patienceMs: 3000 });
    expect(flooded.error).toBe('Cancelled');
    // One that was kept would be the only one.
    expect(attempts).toBeGreaterThan(1);
    attempts = 0;
    const huge = await HostilePeer.raw((socket) => {
      attempts++;
      socket.write('SSH-2.0-x\r\n');
      socket.write(Buffer.concat([uint32(0xfffffff0), Buffer.alloc(64)]));
    });
    const claimed = await runVictim(huge, 'connect', {}, { patienceMs: 3000 });
    expect(claimed.error).toBe('Cancelled');
    expect(attempts).toBeGreaterThan(1);
    return `${flooded.error} (${flooded.peakMemoryMb} MiB), ${claimed.error} (${claimed.peakMemoryMb} MiB)`;
  },
);

/** Megabytes of output as a few kilobytes. */
function bomb(channel: ServerChannel): Buffer {
  const data = [
    Buffer.from([MESSAGE.CHANNEL_DATA]),
    uint32(channelId(channel)),
    sshString(Buffer.alloc(20_000_000)),
  ];
  return deflateSync(Buffer.concat(data));
}

attack(
  {
    id: 'ssh-compression',
    from: 'guest',
    tries:
      'Offers nothing but compressed connections, so that megabytes come as a few bytes; then agrees to none and sends compressed packets all the same.',
    holds:
      'Compression is not negotiated: no connection is made where nothing else is offered, and what comes compressed is not unpacked.',
    promise: 'bounded-use',
  },
  async () => {
    let sessions = 0;
    const offering = (compress: ('none' | 'zlib' | 'zlib@openssh.com')[]) =>
      HostilePeer.ssh(
        (session) => {
          sessions++;
          session.on('exec', (accept) => {
            const channel = accept();
            channel.exit(0);
            channel.end();
          });
        },
        { config: { algorithms: { compress } } },
      );
    const refused: string[] = [];
    for (const only of ['zlib', 'zlib@openssh.com'] as const) {
      const report = await runVictim(await offering([only]), 'run', { deadlineMs: 3000 });
      expect(report.error).toContain('within 3000 ms');
      expect(report.logged.join('\n')).toMatch(/no matching .*compress/i);
      refused.push(only);
    }
    expect(sessions).toBe(0);
    // One that offers an uncompressed connection too, as its last choice, gets it.
    const plain = await runVictim(await offering(['zlib', 'zlib@openssh.com', 'none']), 'run');
    expect(plain.value).toBe('code 0, 0 and 0 bytes');
    const lying = await HostilePeer.exec((channel: ServerChannel, connection: Connection) => {
      sendPayload(connection, bomb(channel));
      channel.exit(0);
      channel.end();
    });
    const unasked = await runVictim(lying, 'run');
    expect(unasked.value ?? unasked.error).toMatch(/^code 0, 0 and 0 bytes$|connection to the VM was lost/);
    return `${refused.join(' and ')} alone: refused; unasked: ${unasked.value ?? unasked.error} (${unasked.peakMemoryMb} MiB)`;
  },
);
