import { expect } from 'vitest';
import { attack } from '../attack';
import { runVictim } from '../victim/runVictim';
import { HostilePeer } from './hostilePeer';
import { type SftpAnswers, sendSftp, sftpScript } from './sftpScript';

const { FILE } = sftpScript;
const FOLDER = { ...FILE, mode: 0o040755 };
const EOF = 1;
const FAILURE = 4;

const serve = (answers: SftpAnswers) => HostilePeer.ssh((session) => sftpScript(session, answers));
attack(
  {
    id: 'sftp-million',
    from: 'guest',
    tries: 'A folder of a million entries, then one that never ends.',
    holds: 'The listing is given up at its limit with an error that says so; memory stays bounded.',
    promise: 'hostile-input',
  },
  async () => {
    let count = 0;
    const peer = await serve({
      READDIR: (sftp, id) =>
        sftp.name(
          id,
          Array.from({ length: 1000 }, () => ({
            filename: `f${count++}`,
            longname: 'x',
            attrs: FILE,
          })) as never,
        ),
    });
    const report = await runVictim(peer, 'list');
    expect(report.error).toContain('more than 200000 entries');
    return `${report.error} (${report.peakMemoryMb} MiB)`;
  },
);

attack(
  {
    id: 'sftp-sizes',
    from: 'guest',
    tries: 'Files that claim 2^63, -1 and 2^53 bytes.',
    holds: 'Sizes are clamped to whole numbers from 0; a file that claims more than the limit is not read.',
    promise: 'hostile-input',
  },
  async () => {
    const sizes = [2 ** 63, -1, 2 ** 53];
    let at = 0;
    const peer = await serve({
      STAT: (sftp, id) => sftp.attrs(id, { ...FILE, size: sizes[at++ % sizes.length] ?? 0 }),
    });
    const looked = await runVictim(peer, 'stat', { times: 3 });
    expect(looked.value).toMatch(/^file \d+; file \d+; file \d+$/);
    at = 0;
    const read = await runVictim(peer, 'read');
    expect(read.error).toContain('more than');
    return `${looked.value}; reading: ${read.error}`;
  },
);

attack(
  {
    id: 'sftp-endless-read',
    from: 'guest',
    tries: 'A file of 5 bytes whose reads never come to an end.',
    holds: 'Reading stops at the caller’s limit, whatever was claimed.',
    promise: 'bounded-use',
  },
  async () => {
    const peer = await serve({
      STAT: (sftp, id) => sftp.attrs(id, { ...FILE, size: 0 }),
      READ: (sftp, id, ...[, , length]) => sftp.data(id, Buffer.alloc(Number(length))),
    });
    const report = await runVictim(peer, 'read', { maxBytes: 50_000_000 });
    expect(report.error).toContain('more than 50000000 bytes');
    return `${report.error} (${report.peakMemoryMb} MiB)`;
  },
);

attack(
  {
    id: 'sftp-drip',
    from: 'guest',
    tries: 'Each read is answered with a single byte, for ever.',
    holds: 'The read is given up: no file answers that way.',
    promise: 'bounded-use',
  },
  async () => {
    const peer = await serve({
      STAT: (sftp, id) => sftp.attrs(id, { ...FILE, size: 5_000_000 }),
      READ: (sftp, id) => sftp.data(id, Buffer.from('x')),
    });
    const report = await runVictim(peer, 'read', { maxBytes: 50_000_000 });
    expect(report.error).toMatch(/bit by bit/);
    return `${report.error} (${report.ms} ms)`;
  },
);

attack(
  {
    id: 'sftp-changing-stat',
    from: 'guest',
    tries: 'A path that is a file, a folder, a link and a device in turn, each time it is looked at.',
    holds:
      'Each call goes by its own look; nothing follows a link on the host, and what is no file is not read.',
    promise: 'hostile-input',
  },
  async () => {
    const modes = [0o040755, 0o120777, 0o020666, 0o010666, 0o100644];
    let at = 0;
    const peer = await serve({
      STAT: (sftp, id) => sftp.attrs(id, { ...FILE, mode: modes[at++ % modes.length] ?? 0 }),
      LSTAT: (sftp, id) => sftp.attrs(id, { ...FILE, mode: modes[at++ % modes.length] ?? 0 }),
      READ: (sftp, id) => sftp.status(id, EOF),
    });
    const looked = await runVictim(peer, 'stat', { times: 5 });
    expect(looked.value).toBe('directory 5; symlink 5; other 5; other 5; file 5');
    return looked.value ?? '';
  },
);

attack(
  {
    id: 'sftp-link-loop',
    from: 'guest',
    tries: 'Symlinks that lead to each other without end, under a file that is saved.',
    holds: 'Saving gives up after a bounded number of links and says so.',
    promise: 'hostile-input',
  },
  async () => {
    let links = 0;
    const peer = await serve({
      LSTAT: (sftp, id) => sftp.attrs(id, { ...FILE, mode: 0o120777 }),
      READLINK: (sftp, id) =>
        sftp.name(id, [{ filename: `next${links++}`, longname: '', attrs: FILE }] as never),
    });
    const report = await runVictim(peer, 'write', { bytes: 10 });
    expect(report.error).toBeDefined();
    expect(links).toBeLessThan(100);
    return `${report.error} after ${links} links`;
  },
);

attack(
  {
    id: 'sftp-unasked',
    from: 'guest',
    tries: 'Answers to requests that were never made, ten thousand for each that was.',
    holds: 'They are dropped; the real answer counts.',
    promise: 'hostile-input',
  },
  async () => {
    const peer = await serve({
      STAT: (sftp, id) => {
        for (let n = 1; n <= 10_000; n++) {
          sftp.status((id + n) >>> 0, FAILURE, 'x'.repeat(100));
        }
        sftp.attrs(id, FILE);
      },
    });
    const report = await runVictim(peer, 'stat', { times: 2 });
    expect(report.value).toBe(Array(2).fill('file 5').join('; '));
    return `${report.value} (${report.peakMemoryMb} MiB)`;
  },
);

attack(
  {
    id: 'sftp-packet-length',
    from: 'guest',
    tries: 'SFTP packets whose length says 0, 2^31, 2^32-1 or more than there is.',
    holds: 'The file session ends with an error, the process lives, and the next request gets a new session.',
    promise: 'hostile-input',
  },
  async () => {
    const outcomes: string[] = [];
    for (const length of [0, 0x7fffffff, 0x80000000, 0xffffffff]) {
      const packet = Buffer.alloc(64, 0x65);
      packet.writeUInt32BE(length);
      let first = true;
      const peer = await serve({
        STAT: (sftp, id) => {
          if (first) {
            first = false;
            sendSftp(sftp, packet);
          } else {
            sftp.attrs(id, FILE);
          }
        },
      });
      const report = await runVictim(peer, 'stat', { times: 2 });
      expect(report.value).toMatch(/^error: .*; file 5$/);
      outcomes.push(`${length}: ${report.value?.split(';')[0]}`);
    }
    return outcomes.join(', ');
  },
);

attack(
  {
    id: 'sftp-early-garbage',
    from: 'guest',
    tries: 'A broken packet right behind the greeting of a file session, before anybody listens for errors.',
    holds: 'The session fails with an error; no exception escapes into the editor’s process.',
    promise: 'hostile-input',
  },
  async () => {
    const peer = await HostilePeer.ssh((session) => {
      session.on('sftp', (accept) => {
        const sftp = accept();
        // VERSION (type 2, version 3), then a packet of an unknown kind, in one message.
        sendSftp(sftp, Buffer.from('00000005020000000300000001ff', 'hex'));
        sftp.on('error', () => undefined);
      });
    });
    const report = await runVictim(peer, 'stat', { times: 1 });
    expect(report.value ?? report.error).toMatch(/error|Failed|Unknown/i);
    return report.value ?? report.error ?? '';
  },
);

attack(
  {
    id: 'sftp-names-flood',
    from: 'guest',
    tries: 'A folder with hundreds of thousands of impossible names, to fill the log.',
    holds: 'Ten are logged by name, the rest as one count.',
    promise: 'bounded-use',
  },
  async () => {
    let batches = 0;
    const peer = await serve({
      READDIR: (sftp, id) =>
        ++batches > 50
          ? sftp.status(id, EOF)
          : sftp.name(
              id,
              Array.from({ length: 1000 }, () => ({
                filename: '../x',
                longname: '',
                attrs: FOLDER,
              })) as never,
            ),
    });
    const report = await runVictim(peer, 'list');
    expect(report.value).toBe('0 entries');
    expect(report.logLines).toBeLessThan(20);
    return `${report.value}, ${report.logLines} lines in the log`;
  },
);
