import { randomBytes } from 'node:crypto';
import type { Connection } from 'ssh2';
import { expect } from 'vitest';
import { generateEd25519, publicKeyBlob } from '../../../src/guest/keys';
import { channelId, rawProtocol } from '../../unit/guest/hostileServer';
import { attack } from '../attack';
import { runVictim } from '../victim/runVictim';
import { HostilePeer } from './hostilePeer';
import { corked, deafen, MESSAGE, sendPayload, sshString, uint32 } from './rawSsh';
import { sftpScript } from './sftpScript';

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

/** Each costs the host's process a key agreement, some milliseconds. */
const REKEYS = 300;

/** An offer of algorithms that the host takes (RFC 4253, section 7.1). */
const KEXINIT = Buffer.concat([
  Buffer.from([MESSAGE.KEXINIT]),
  randomBytes(16),
  ...[
    'curve25519-sha256',
    'ssh-ed25519',
    'aes128-gcm@openssh.com',
    'aes128-gcm@openssh.com',
    'hmac-sha2-256-etm@openssh.com',
    'hmac-sha2-256-etm@openssh.com',
    'none',
    'none',
    '',
    '',
  ].map(sshString),
  Buffer.alloc(5),
]);

attack(
  {
    id: 'ssh-unfinished-rekey',
    from: 'guest',
    tries:
      'A new key exchange that never ends, while the host sends a large file; hundreds in a row; thousands that are begun at once.',
    holds:
      'Senders wait for its end and pile nothing up; each finished exchange leaves nothing behind; a second one in the midst of the first cuts the connection.',
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
      let left = REKEYS;
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
    const rekeyed = await runVictim(stormy, 'run', { deadlineMs: 50_000 }, { measureHeld: true });
    expect(rekeyed.value).toBe('code 0, 0 and 0 bytes');
    expect(rekeyed.heldMb).toBeLessThan(6);
    // Asked for without waiting for the answers: only one may be under way.
    const impatient = await HostilePeer.exec((_channel, connection) => {
      for (let n = 0; n < 5000; n++) {
        sendPayload(connection, KEXINIT);
      }
    });
    const cut = await runVictim(impatient, 'run', { deadlineMs: 20_000 });
    expect(cut.error).toContain('connection to the VM was lost');
    return `never ended: ${waiting.value} (${waiting.peakMemoryMb} MiB), ${REKEYS} in a row: ${rekeyed.heldMb} MiB more, 5000 at once: ${cut.error} (${cut.peakMemoryMb} MiB)`;
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
      // Not at a deadline, however long that is.
      expect(report.error, scenario).not.toMatch(/within \d+ ms|cancel/i);
      outcomes.push(`${scenario}: ${report.error}`);
    }
    return outcomes.join(' | ');
  },
);

attack(
  {
    id: 'ssh-after-the-end',
    from: 'guest',
    tries:
      'Says that a command’s output has ended, and sends more of it, on either stream: ssh2 passes it on, and Node’s streams throw.',
    holds:
      'The connection is cut with an error that says so; no exception escapes into the editor’s process.',
    promise: 'hostile-input',
  },
  async () => {
    const outcomes: string[] = [];
    for (const send of ['channelData', 'channelExtData'] as const) {
      const peer = await HostilePeer.exec((channel, connection) => {
        const protocol = rawProtocol(connection);
        const id = channelId(channel);
        protocol.channelEOF(id);
        for (let n = 0; n < 5; n++) {
          protocol[send](id, Buffer.from('more'), 1);
        }
      });
      const report = await runVictim(peer, 'run', { deadlineMs: 20_000 });
      expect(report.error).toContain('sent output after its end');
      outcomes.push(report.error ?? '');
    }
    return outcomes.join(' | ');
  },
);
