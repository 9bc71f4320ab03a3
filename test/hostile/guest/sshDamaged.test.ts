import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { attack } from '../attack';
import { runVictim } from '../victim/runVictim';
import { ENOUGH } from '../victim/scenarios';
import { damageMessages, sequence } from './damagedSsh';
import { HostilePeer } from './hostilePeer';
import { sftpScript } from './sftpScript';

/** How long (ms) the host works at least, while messages are damaged. */
const WORK_MS = 15_000;
/** Kinds of messages that must have been damaged by then, each several times. */
const KINDS = [91, 94, 95, 96, 97, 98, 99];
const TIMES = 3;

attack(
  {
    id: 'ssh-damaged-messages',
    from: 'guest',
    tries:
      'While commands, terminals, file sessions and ports are in use, one message in eight is damaged below well-formed packets: a field, a length, the kind, sent twice, cut short, left out; thousands of them.',
    holds:
      'The host’s process lives in little memory, each call ends, most still get an answer; once the damage stops, all of it works again, files in a session of their own.',
    promise: 'hostile-input',
  },
  async () => {
    const seed = Number(process.env['BULKHEAD_FUZZ_SEED'] ?? randomBytes(4).readUInt32BE() + 1);
    const random = sequence(seed);
    const { FILE } = sftpScript;
    const kinds = new Map<number, number>();
    let connections = 0;
    let isOn = true;
    const peer = await HostilePeer.ssh(
      (session) => {
        session.on('pty', (accept) => accept?.());
        session.on('exec', (accept, _reject, { command }) => {
          const channel = accept();
          if (command.includes(ENOUGH) && KINDS.every((kind) => (kinds.get(kind) ?? 0) >= TIMES)) {
            isOn = false;
            channel.write('enough\n');
          }
          channel.write('some output\n'.repeat(100));
          channel.stderr.write('and errors\n');
          channel.exit(0);
          channel.end();
        });
        let listed = 0;
        sftpScript(session, {
          READDIR: (sftp, id) =>
            listed++ % 2 === 0
              ? sftp.name(id, [{ filename: 'a', longname: '', attrs: FILE }] as never)
              : sftp.status(id, 1),
          READ: (sftp, id, ...[, offset]) =>
            Number(offset) === 0 ? sftp.data(id, Buffer.from('hello')) : sftp.status(id, 1),
          WRITE: (sftp, id) => sftp.status(id, 0),
        });
      },
      {
        onConnection: (connection) => {
          connections++;
          connection.on('tcpip', (accept) => accept().end('hello'));
          connection.on('ready', () =>
            damageMessages(connection, {
              random,
              oneIn: 8,
              isOn: () => isOn,
              onDamage: (kind) => kinds.set(kind, (kinds.get(kind) ?? 0) + 1),
            }),
          );
        },
      },
    );
    const patience = { patienceMs: 90_000 };
    const report = await runVictim(peer, 'busy', { ms: WORK_MS }, patience).catch((error: Error) => {
      throw new Error(`BULKHEAD_FUZZ_SEED=${seed}: ${error.message}`, { cause: error });
    });
    const said = `seed ${seed}: ${report.value ?? report.error}`;
    const [, answered = '0', failed = '0'] = /(\d+) answered, (\d+) failed, then all well/.exec(said) ?? [];
    expect(said).toContain('then all well');
    // Deep enough: the connection was in use all the while.
    expect(Number(answered)).toBeGreaterThan(20);
    expect(Number(failed)).toBeGreaterThan(20);
    const total = [...kinds.values()].reduce((sum, count) => sum + count, 0);
    return `${said}; ${total} damaged messages in ${connections} connections (${report.peakMemoryMb} MiB)`;
  },
);
