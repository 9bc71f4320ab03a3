import type { Connection, ServerChannel } from 'ssh2';
import { expect } from 'vitest';
import { channelId, rawProtocol } from '../../unit/guest/hostileServer';
import { attack } from '../attack';
import { runVictim } from '../victim/runVictim';
import { flood, HostilePeer } from './hostilePeer';
import { confirmWith, corked, MESSAGE, sendBytes, sendPayload, sshString, uint32 } from './rawSsh';
import { sftpScript } from './sftpScript';

attack(
  {
    id: 'ssh-packet-size-0',
    from: 'guest',
    tries:
      'Channels that take packets of 0 bytes or 1, so that sending loops without end or makes a packet of each byte.',
    holds: 'Such a channel is refused and the connection cut, with an error that says so.',
    promise: 'bounded-use',
  },
  async () => {
    const errors: string[] = [];
    for (const packetSize of [0, 1]) {
      const peer = await HostilePeer.ssh(
        (session) => {
          session.on('exec', (accept) => accept());
          sftpScript(session, {});
        },
        { onConnection: (connection) => confirmWith(connection, { packetSize }) },
      );
      for (const scenario of ['input', 'write'] as const) {
        const report = await runVictim(peer, scenario, { bytes: 1_000_000 }, { patienceMs: 10_000 });
        expect(report.error ?? report.value).toMatch(/packets of [01] bytes|connection to the VM was lost/);
        errors.push(report.error ?? report.value ?? '');
      }
    }
    return [...new Set(errors)].join(', ');
  },
);

/** As Buffers of their own these would take some 7 MiB; sending more takes minutes. */
const CRUMBS = 30_000;

attack(
  {
    id: 'ssh-crumbs',
    from: 'guest',
    tries:
      'Output in packets of one byte, read and unread: tens of thousands of small objects in one window.',
    holds:
      'Kept output is one piece of memory. What is not read is joined beyond the first 80 KiB (a unit test shows that): they take some 20 MiB at most.',
    promise: 'bounded-use',
  },
  async () => {
    const crumbs = () =>
      HostilePeer.exec((channel, connection) => {
        const protocol = rawProtocol(connection);
        const id = channelId(channel);
        let sent = 0;
        const more = () => {
          corked(connection, () => {
            for (let n = 0; n < 20_000 && sent < CRUMBS; n++, sent++) {
              protocol.channelData(id, Buffer.from('x'));
            }
          });
          if (sent < CRUMBS) {
            setImmediate(more);
          } else {
            channel.exit(0);
            channel.end();
          }
        };
        more();
      });
    // Counted by what has come, so that a slow machine changes nothing.
    const options = { measureHeld: true };
    const left = CRUMBS - 1;
    const unread = await runVictim(await crumbs(), 'unread', { ms: 50_000, bytes: left }, options);
    expect(unread.value).toBe(`let go with ${left} bytes unread`);
    expect(unread.heldMb).toBeLessThan(11);
    const read = await runVictim(await crumbs(), 'run', { deadlineMs: 50_000 }, options);
    expect(read.value).toBe(`code 0, ${CRUMBS} and 0 bytes`);
    expect(read.heldMb).toBeLessThan(4);
    return `unread: ${unread.heldMb} MiB, read: ${read.heldMb} MiB`;
  },
);

attack(
  {
    id: 'ssh-oversize-packets',
    from: 'guest',
    tries:
      'Encrypted packets that claim 0 bytes, 256 KiB, 2 GiB and 4 GiB, whole packets above SSH’s 35,000 bytes, and output beyond the window for a reader that looks away.',
    holds: 'The connection is cut at the length, before anything of it is kept; no more than the window is.',
    promise: 'bounded-use',
  },
  async () => {
    const outcomes: string[] = [];
    const cut = async (what: string, send: (connection: Connection, channel: ServerChannel) => void) => {
      const peer = await HostilePeer.exec((channel, connection) => send(connection, channel));
      const report = await runVictim(peer, 'run', { deadlineMs: 20_000 });
      expect(report.error, what).toContain('connection to the VM was lost');
      outcomes.push(`${what}: ${report.peakMemoryMb} MiB`);
    };
    for (const length of [0, 256 * 1024, 0x7fffffff, 0xffffffff]) {
      await cut(`${length}`, (connection) => {
        sendBytes(connection, Buffer.concat([uint32(length), Buffer.alloc(64, 0x55)]));
      });
    }
    const data = (channel: ServerChannel, bytes: number) =>
      Buffer.concat([
        Buffer.from([MESSAGE.CHANNEL_DATA]),
        uint32(channelId(channel)),
        sshString(Buffer.alloc(bytes)),
      ]);
    await cut('200 KB in one', (connection, channel) => sendPayload(connection, data(channel, 200_000)));
    // The largest that is taken, so that it is the length that is refused.
    const whole = await HostilePeer.exec((channel, connection) => {
      sendPayload(connection, data(channel, 32_768));
      channel.exit(0);
      channel.end();
    });
    expect((await runVictim(whole, 'run')).value).toBe('code 0, 32768 and 0 bytes');
    const beyond = await HostilePeer.exec((channel, connection) => {
      // No divisor of the window: it is never used up exactly, where ssh2 would stop taking.
      for (let n = 0; n < 1000; n++) {
        sendPayload(connection, data(channel, 30_000));
      }
    });
    const unread = await runVictim(beyond, 'unread', { ms: 4000 });
    expect(unread.logged.join('\n')).toContain('sent more than the SSH window allows');
    return `${outcomes.join(', ')}; beyond the window: ${unread.value} (${unread.peakMemoryMb} MiB)`;
  },
);

attack(
  {
    id: 'ssh-window-tricks',
    from: 'guest',
    tries: 'Send windows that grow beyond 2^32, and one that never opens.',
    holds: 'What is sent waits for the transport; a program that never reads can be let go.',
    promise: 'bounded-use',
  },
  async () => {
    const wide = await HostilePeer.exec((channel, connection) => {
      const grow = Buffer.concat([
        Buffer.from([MESSAGE.WINDOW_ADJUST]),
        uint32(channelId(channel)),
        uint32(0xffffffff),
      ]);
      for (let n = 0; n < 5000; n++) {
        sendPayload(connection, grow);
      }
      channel.resume();
    });
    const typed = await runVictim(wide, 'input', { bytes: 50_000_000, ms: 30_000 });
    expect(typed.value).toBe('typed');
    const shut = await HostilePeer.ssh((session) => session.on('exec', (accept) => accept().pause()), {
      onConnection: (connection) => confirmWith(connection, { window: 0 }),
    });
    const stuck = await runVictim(shut, 'input', { bytes: 50_000_000 });
    expect(stuck.value).toBe('no answer');
    return `wide: ${typed.value} (${typed.peakMemoryMb} MiB), shut: ${stuck.value}`;
  },
);

attack(
  {
    id: 'ssh-endless-output',
    from: 'guest',
    tries: 'Output without end on both streams, for a reader that looks away.',
    holds: 'SSH’s window stops it; the terminal can be closed.',
    promise: 'bounded-use',
  },
  async () => {
    const peer = await HostilePeer.exec((channel) => {
      flood(channel, Buffer.alloc(32_000, 'x'));
      channel.stderr.write(Buffer.alloc(4_000_000, 'e'));
    });
    const report = await runVictim(peer, 'unread', { ms: 4000 });
    expect(report.value).toMatch(/^let go/);
    return `${report.value} (${report.peakMemoryMb} MiB)`;
  },
);
