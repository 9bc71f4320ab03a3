import type { Connection } from 'ssh2';
import { expect } from 'vitest';
import { generateEd25519, publicKeyBlob } from '../../../src/guest/keys';
import { channelId, HostileServer, rawProtocol } from '../../unit/guest/hostileServer';
import { attack } from '../attack';
import { runVictim } from '../victim/runVictim';
import { flood, HostilePeer } from './hostilePeer';
import { confirmWith, corked, deafen, MESSAGE, sendPayload, sshString, uint32 } from './rawSsh';
import { sftpScript } from './sftpScript';

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
    holds: 'The connection is given up at a limit; the attempts stop when the user cancels.',
    promise: 'bounded-use',
  },
  async () => {
    const line = Buffer.from(`${'x'.repeat(4000)}\r\n`.repeat(50));
    const flooding = await HostilePeer.raw((socket) => {
      const more = () => {
        while (socket.writable && socket.write(line)) {
          // Until the other side closes.
        }
      };
      socket.on('drain', more);
      more();
    });
    const flooded = await runVictim(flooding, 'connect', {}, { patienceMs: 3000 });
    expect(flooded.error).toBeDefined();
    const huge = await HostilePeer.raw((socket) => {
      socket.write('SSH-2.0-x\r\n');
      socket.write(Buffer.concat([uint32(0xfffffff0), Buffer.alloc(64)]));
    });
    const claimed = await runVictim(huge, 'connect', {}, { patienceMs: 3000 });
    expect(claimed.error).toBeDefined();
    return `${flooded.error} (${flooded.peakMemoryMb} MiB), ${claimed.error} (${claimed.peakMemoryMb} MiB)`;
  },
);

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

/** Fewer bytes than `run` keeps; as Buffers of their own they would take 20 MiB. */
const CRUMBS = 100_000;

attack(
  {
    id: 'ssh-crumbs',
    from: 'guest',
    tries:
      'Output in packets of one byte, read and unread: hundreds of thousands of small objects in one window.',
    holds: 'Kept output is one piece of memory; what is not read is joined.',
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
    const unread = await runVictim(await crumbs(), 'unread', { ms: 12_000 });
    expect(unread.value).toMatch(/^let go/);
    const read = await runVictim(await crumbs(), 'run', { deadlineMs: 50_000 });
    expect(read.value).toBe(`code 0, ${CRUMBS} and 0 bytes`);
    return `unread: ${unread.peakMemoryMb} MiB, read: ${read.value} (${read.peakMemoryMb} MiB)`;
  },
);

/** Sends `payload` again and again while a command runs, then ends the command. */
function storm(payload: () => Buffer, count: number): Promise<HostilePeer> {
  return HostilePeer.exec((channel, connection) => {
    let sent = 0;
    const more = () => {
      corked(connection, () => {
        for (let n = 0; n < 2000 && sent < count; n++, sent++) {
          sendPayload(connection, payload());
        }
      });
      if (sent < count) {
        setImmediate(more);
      } else {
        channel.exit(0);
        channel.end();
      }
    };
    more();
  });
}

attack(
  {
    id: 'ssh-hostkeys-flood',
    from: 'guest',
    tries: 'Announcements of a quarter of a million new host keys, whose proofs are then never given.',
    holds: 'They are ignored: the key is pinned.',
    promise: 'no-impostor',
  },
  async () => {
    const key = sshString(publicKeyBlob(generateEd25519()));
    const announcement = Buffer.concat([
      Buffer.from([MESSAGE.GLOBAL_REQUEST]),
      sshString('hostkeys-00@openssh.com'),
      Buffer.from([0]),
      ...Array.from({ length: 50 }, () => key),
    ]);
    const report = await runVictim(await storm(() => announcement, 5000), 'run', { deadlineMs: 50_000 });
    expect(report.value).toBe('code 0, 0 and 0 bytes');
    return `${report.value} (${report.peakMemoryMb} MiB)`;
  },
);

attack(
  {
    id: 'ssh-unasked-channels',
    from: 'guest',
    tries:
      'Twenty thousand channels and forwards that nobody asked for, towards the agent, X11, ports and sockets of the host.',
    holds: 'Each is refused; memory stays bounded.',
    promise: 'no-listener',
  },
  async () => {
    const kinds = [
      'forwarded-tcpip',
      'x11',
      'auth-agent@openssh.com',
      'session',
      'direct-tcpip',
      'tun@openssh.com',
    ];
    let at = 0;
    const report = await runVictim(
      await storm(
        () =>
          Buffer.concat([
            Buffer.from([MESSAGE.CHANNEL_OPEN]),
            sshString(kinds[at++ % kinds.length] ?? ''),
            uint32(at),
            uint32(2 ** 21),
            uint32(32_768),
            sshString('127.0.0.1'),
            uint32(22),
            sshString('127.0.0.1'),
            uint32(22),
          ]),
        20_000,
      ),
      'run',
      { deadlineMs: 50_000 },
    );
    expect(report.value ?? report.error).toMatch(/^code 0|cut|lost/);
    return `${report.value ?? report.error} (${report.peakMemoryMb} MiB)`;
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
    const typed = await runVictim(wide, 'input', { bytes: 50_000_000 });
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
    id: 'ssh-unfinished-rekey',
    from: 'guest',
    tries: 'A new key exchange that never ends, while the host sends a large file; then a storm of them.',
    holds:
      'Senders wait for its end, and the missing keepalives cut the connection; each finished exchange costs nothing.',
    promise: 'bounded-use',
  },
  async () => {
    const begun = await HostilePeer.exec((channel, connection) => {
      sendPayload(
        connection,
        Buffer.concat([Buffer.from([MESSAGE.WINDOW_ADJUST]), uint32(channelId(channel)), uint32(0xf0000000)]),
      );
      connection.rekey();
      deafen(connection);
    });
    const waiting = await runVictim(begun, 'input', { bytes: 300_000_000 }, { patienceMs: 30_000 });
    expect(waiting.value).toBe('no answer');
    const stormy = await HostilePeer.exec((channel, connection) => {
      let left = 30;
      const again = () => {
        if (left-- > 0) {
          connection.rekey(again);
        } else {
          channel.exit(0);
          channel.end();
        }
      };
      again();
    });
    const rekeyed = await runVictim(stormy, 'run');
    expect(rekeyed.value ?? rekeyed.error).toMatch(/code 0|lost|without/);
    return `never ended: ${waiting.value ?? waiting.error} (${waiting.peakMemoryMb} MiB), 30 in a row: ${rekeyed.value ?? rekeyed.error}`;
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

attack(
  {
    id: 'ssh-disconnects',
    from: 'guest',
    tries:
      'The connection is cut in the midst of a command, a listing, a read, a write and a forwarded port.',
    holds: 'Each ends with an error at once; half of an answer is never taken for the whole.',
    promise: 'hostile-input',
  },
  async () => {
    const cut = (connection: Connection) => setImmediate(() => connection.end());
    const peer = await HostilePeer.ssh((session, connection) => {
      session.on('exec', (accept) => {
        accept().write('half');
        cut(connection);
      });
      sftpScript(session, {
        READDIR: () => cut(connection),
        READ: () => cut(connection),
        WRITE: () => cut(connection),
      });
    });
    const outcomes: string[] = [];
    for (const scenario of ['run', 'list', 'read', 'write', 'port'] as const) {
      const report = await runVictim(peer, scenario, { bytes: 1000 });
      expect(report.error, scenario).toBeDefined();
      expect(report.ms).toBeLessThan(20_000);
      outcomes.push(`${scenario}: ${report.error}`);
    }
    return outcomes.join(' | ');
  },
);

attack(
  {
    id: 'ssh-random-messages',
    from: 'guest',
    tries: 'Ten thousand messages of every kind with random bodies, in eighty connections.',
    holds: 'Whatever ssh2 makes of them, the host’s process lives and each call ends.',
    promise: 'hostile-input',
  },
  async () => {
    // A fixed sequence (xorshift32), so that a failure comes again.
    let seed = 0x9e3779b9;
    const random = () => {
      seed ^= seed << 13;
      seed ^= seed >>> 17;
      seed ^= seed << 5;
      return seed >>> 0;
    };
    const peer = await HostilePeer.exec((channel, connection) => {
      for (let n = 0; n < 125; n++) {
        const body = Buffer.from(Array.from({ length: random() % 60 }, () => random() & 0xff));
        // Channel 0 is the one that is open; half of the numbers and lengths are small, as real ones.
        body.fill(0, 0, random() % 8);
        sendPayload(connection, Buffer.concat([Buffer.from([80 + (random() % 24)]), body]));
      }
      channel.exit(0);
      channel.end();
    });
    const report = await runVictim(peer, 'runs', { times: 80 });
    expect(report.value).toMatch(/^80 runs/);
    return report.value ?? '';
  },
);
