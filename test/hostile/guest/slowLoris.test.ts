import type { Connection, Session } from 'ssh2';
import { expect } from 'vitest';
import { attack } from '../attack';
import { runVictim, type VictimReport } from '../victim/runVictim';
import { type Drip, drip } from './drip';
import { HostilePeer } from './hostilePeer';
import { sendSftp, sftpScript } from './sftpScript';

/** Slow enough that no step of a handshake ends within the victim's deadline. */
const EVERY_MS = 200;
const DEADLINE_MS = 6000;
/** So slow that no message (36 bytes and more) comes within the time that keepalives may be missed. */
const SLOWEST_MS = 10_000;

type Stage = 'greeting' | 'key exchange' | 'authentication' | 'command';

/** An SSH server whose transport sends one byte at a time from a stage on, in its first connection or in all. */
function loris(from: Stage, which: 'first' | 'every', everyMs = EVERY_MS): Promise<HostilePeer> {
  const drips = new Map<Connection, Drip>();
  let latest: Drip | undefined;
  let connections = 0;
  const begin = (at: Stage, connection?: Connection) => {
    if (at === from && (which === 'every' || connections === 1)) {
      (connection ? drips.get(connection) : latest)?.begin();
    }
  };
  return HostilePeer.ssh(
    (session: Session, connection) => {
      session.on('env', (accept) => accept?.());
      session.on('exec', (accept) => {
        begin('command', connection);
        const channel = accept();
        channel.exit(0);
        channel.end();
      });
    },
    {
      through: (socket) => {
        connections++;
        latest = drip(socket, everyMs);
        begin('greeting');
        return latest.stream;
      },
      onConnection: (connection) => {
        if (latest) {
          drips.set(connection, latest);
        }
        // The greeting is out; what follows is the offer of algorithms.
        begin('key exchange', connection);
        connection.prependListener('authentication', () => begin('authentication', connection));
      },
    },
  );
}

/** A command that prints without end, one byte at a time; the next ones end at once. */
async function slowOutput(): Promise<{ peer: HostilePeer; closed: () => boolean }> {
  let closed = false;
  let commands = 0;
  const peer = await HostilePeer.ssh((session) => {
    session.on('env', (accept) => accept?.());
    session.on('exec', (accept) => {
      const channel = accept();
      if (++commands > 1) {
        channel.exit(0);
        channel.end();
        return;
      }
      channel.resume();
      const timer = setInterval(() => channel.write('x'), EVERY_MS);
      channel.once('close', () => {
        clearInterval(timer);
        closed = true;
      });
    });
  });
  return { peer, closed: () => closed };
}

/** Attributes that come one byte at a time and never whole, or not at all. */
function slowStat(answer: 'drip' | 'silence'): Promise<HostilePeer> {
  let requests = 0;
  return HostilePeer.ssh((session) =>
    sftpScript(session, {
      STAT: (sftp, id) => {
        if (++requests > 1) {
          sftp.attrs(id, sftpScript.FILE);
        } else if (answer === 'drip') {
          // SSH_FXP_ATTRS (105) of 4 KiB, as its length says.
          const packet = Buffer.alloc(4 + 4096);
          packet.writeUInt32BE(4096);
          packet.writeUInt8(105, 4);
          packet.writeUInt32BE(id, 5);
          let at = 0;
          const timer = setInterval(() => sendSftp(sftp, packet.subarray(at, ++at)), EVERY_MS);
          sftp.once('close', () => clearInterval(timer));
        }
      },
    }),
  );
}

attack(
  {
    id: 'slow-loris',
    from: 'guest',
    tries:
      'One byte at a time, for ever: in the greeting, the key exchange, the authentication, a command’s output, an answer of SFTP, and everything from a command on; SFTP requests that are never answered.',
    holds:
      'Each call ends at its deadline (30 s for an SFTP request), the stream or the command’s channel is closed; a connection that only drips is cut when it has not answered keepalives for 75 s, and the next call gets a new one.',
    promise: 'bounded-use',
  },
  async () => {
    const limits = { deadlineMs: DEADLINE_MS };
    const outcomes: string[] = [];
    const note = (what: string, report: VictimReport) => {
      outcomes.push(`${what}: ${report.value ?? report.error} after ${Math.round(report.ms / 1000)} s`);
      return report;
    };
    const handshake = async (stage: Stage) => {
      const report = note(stage, await runVictim(await loris(stage, 'every'), 'run', limits));
      expect(report.error, stage).toMatch(/within 6000 ms/);
      // Nobody is left to be fed.
      expect(report.openStreams, stage).toBe(0);
    };
    const output = async () => {
      const { peer, closed } = await slowOutput();
      const report = note('output', await runVictim(peer, 'runs', { times: 2, ...limits }));
      expect(report.value).toMatch(/^2 runs, 1 with errors: .*within 6000 ms/);
      // In a guest of ours that ends the process (guest/agent/minder.c).
      expect(closed()).toBe(true);
    };
    const sftp = async (answer: 'drip' | 'silence') => {
      const report = note(`SFTP ${answer}`, await runVictim(await slowStat(answer), 'stat', { times: 2 }));
      expect(report.value).toMatch(/^error: .*no answer within 30000 ms.*; file 5$/);
    };
    const session = async () => {
      const peer = await loris('command', 'first', SLOWEST_MS);
      const report = note('session', await runVictim(peer, 'untilWorks', limits, { patienceMs: 150_000 }));
      expect(report.value).toMatch(/^worked after [1-9]\d* failures/);
    };
    await Promise.all([
      handshake('greeting'),
      handshake('key exchange'),
      handshake('authentication'),
      output(),
      sftp('drip'),
      sftp('silence'),
      session(),
    ]);
    return outcomes.join(', ');
  },
);
