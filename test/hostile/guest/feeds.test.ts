import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerChannel } from 'ssh2';
import { expect } from 'vitest';
import { FILES_MAX } from '../../../src/guest/listFiles';
import { MATCHES_MAX } from '../../../src/guest/searchFiles';
import { attack } from '../attack';
import { runVictim } from '../victim/runVictim';
import { flood, HostilePeer } from './hostilePeer';
import { sftpScript } from './sftpScript';

const says = (...lines: (string | Buffer)[]) =>
  HostilePeer.exec((channel) => {
    for (const line of lines) {
      channel.write(line);
    }
    finish(channel);
  });
/**
 * Packets and pieces on their way (MiB): some 25, and 46 were seen on a busy machine. What comes in such a flood is many
 * times that.
 */
const UNDER_WAY_MB = 90;
const finish = (channel: ServerChannel) => {
  channel.exit(0);
  channel.end();
};
const hex = (text: string) => Buffer.from(text).toString('hex');
const CONTROLS = /(?![\n\t])[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

attack(
  {
    id: 'feed-figures',
    from: 'guest',
    tries:
      'Figures of 2^64, negative, not numbers, a thousand CPUs, names of escape codes, lines without end and a thousand lines a second.',
    holds:
      'A line that is not of the agreed form ends the feed with an error; figures are clamped, names plain.',
    promise: 'hostile-input',
  },
  async () => {
    const sample = (cpu: string, process = hex('sh')) =>
      `sample 1000 1 ${cpu} 1000 10 10 100 10 1 1 1 1 5 1 4 0 0 100 1000 ${process}\n`;
    const bad = [
      sample('18446744073709551616'),
      sample('-1'),
      sample('NaN'),
      sample('1e9'),
      'sample 1000 1000 1\n',
      '\x1b[2J\n',
      'x'.repeat(200_000),
      sample('1').repeat(2000),
    ];
    const errors: string[] = [];
    for (const line of bad) {
      const report = await runVictim(await says(line), 'samples', { most: 1000 });
      expect(report.error, line.slice(0, 60)).toBeDefined();
      expect(report.error).not.toMatch(CONTROLS);
      errors.push(report.error ?? '');
    }
    const huge = await runVictim(await says(sample('900000000000000')), 'samples', { most: 1 });
    expect(huge.value ?? huge.error).toBe('1 samples, largest figure 980');
    return [...new Set(errors)].join(' | ');
  },
);

attack(
  {
    id: 'feed-ports',
    from: 'guest',
    tries:
      'Listening ports 0, 22, 65536, twice, a hundred thousand of them, with process names of escape codes and right-to-left marks.',
    holds: 'Impossible ones end the feed, 0 and 22 are left out, each port is listed once, names are plain.',
    promise: 'hostile-input',
  },
  async () => {
    const name = hex('\x1b]52;c;aGk=\x07[x](command:y)\u202e\n');
    const plain = await runVictim(
      await says(`ports 4 0 any 1 ${name} 22 any 1 ${name} 80 any 1 ${name} 80 loopback 2 ${name}\n`),
      'ports',
      { most: 1 },
    );
    expect(plain.value).toContain('1 ports: 80');
    expect(plain.value).not.toMatch(CONTROLS);
    for (const line of [
      'ports 1 65536 any 1 -\n',
      `ports 100000 ${'80 any 1 - '.repeat(5000)}\n`,
      'ports 2 80 any 1 -\n',
    ]) {
      const report = await runVictim(await says(line), 'ports', { most: 1 });
      expect(report.error).toBeDefined();
    }
    return plain.value ?? '';
  },
);

attack(
  {
    id: 'feed-git',
    from: 'guest',
    tries: 'A git status with paths out of the repository, NUL, 200 MB of changes and records without end.',
    holds: 'Such paths are dropped, the list ends at its limit, memory stays bounded.',
    promise: 'tools-in-guest',
  },
  async () => {
    const paths = ['../../etc/passwd', '/etc/passwd', 'a/../../b', '', 'ok', '.'].map(
      (path) => `? ${path}\0`,
    );
    const odd = await runVictim(await says(paths.join('')), 'git');
    expect(odd.value).toMatch(/^1 changes, 5 dropped: "ok"$/);
    const endless = await runVictim(
      await HostilePeer.exec((channel) => flood(channel, Buffer.from('? some/file\0'.repeat(2000)))),
      'git',
    );
    expect(endless.value).toMatch(/, cut/);
    const record = await HostilePeer.exec((channel) => flood(channel, Buffer.alloc(32_000, 'x')));
    const long = await runVictim(record, 'git', {}, { patienceMs: 5000 });
    expect(long.value ?? long.error).toBeDefined();
    return `${odd.value}; endless: ${endless.value?.slice(0, 60)} (${endless.peakMemoryMb} MiB); one record: ${long.error ?? long.value} (${long.peakMemoryMb} MiB)`;
  },
);

attack(
  {
    id: 'feed-search',
    from: 'guest',
    tries: 'Search output that is no JSON, names files outside of the workspace, and never ends.',
    holds:
      'What is not understood is dropped and counted, paths outside too; the search ends at 2,000 matches or at its deadline.',
    promise: 'tools-in-guest',
  },
  async () => {
    const match = (path: string) =>
      `${JSON.stringify({ type: 'match', data: { path: { text: path }, lines: { text: 'x\n' }, line_number: 1, submatches: [{ match: { text: 'x' }, start: 0, end: 1 }] } })}\n`;
    const odd = await runVictim(
      await says(
        '{',
        '\n[]\nnull\n{"type":"match"}\n',
        match('../../etc/passwd'),
        match('/etc/passwd'),
        match('./ok'),
      ),
      'search',
    );
    expect(odd.value).toBe('1 matches, 5 skipped, complete: /workspace/ok ');
    const endless = await runVictim(
      await HostilePeer.exec((channel) => flood(channel, Buffer.from(match('./f').repeat(100)))),
      'search',
    );
    expect(endless.value).toMatch(new RegExp(`^${MATCHES_MAX} matches, 0 skipped, enough: `));
    const line = await runVictim(
      await HostilePeer.exec((channel) => flood(channel, Buffer.alloc(32_000, '{'))),
      'search',
      { deadlineMs: 8000 },
      { measureHeld: true },
    );
    expect(line.value).toMatch(/^0 matches, \d+ skipped, late: /);
    expect(line.heldMb).toBeLessThan(UNDER_WAY_MB);
    return `${odd.value}; endless: ${endless.value} (${endless.peakMemoryMb} MiB); one line: ${line.value} (${line.heldMb} MiB more)`;
  },
);

attack(
  {
    id: 'feed-files',
    from: 'guest',
    tries: 'A list of files outside of the workspace, one that never ends, and a name that never ends.',
    holds: 'Paths outside are dropped; the list ends at 200,000 names or 64 MiB.',
    promise: 'tools-in-guest',
  },
  async () => {
    const odd = await runVictim(await says('../x\0/etc/passwd\0ok\0a/../../b\0\0'), 'files');
    expect(odd.value).toBe('1 files, 4 skipped, complete: ok');
    const endless = await runVictim(
      await HostilePeer.exec((channel) => flood(channel, Buffer.from('some/file\0'.repeat(3000)))),
      'files',
    );
    expect(endless.value).toMatch(new RegExp(`^${FILES_MAX} files, 0 skipped, enough: some/file`));
    // One name without an end.
    const name = await runVictim(
      await HostilePeer.exec((channel) => flood(channel, Buffer.alloc(32_000, 'x'))),
      'files',
      { deadlineMs: 30_000 },
      { measureHeld: true },
    );
    expect(name.value).toMatch(/^0 files, \d+ skipped, (enough|late): /);
    expect(name.heldMb).toBeLessThan(UNDER_WAY_MB);
    return `${odd.value}; endless: ${endless.value?.slice(0, 40)} (${endless.peakMemoryMb} MiB); one name: ${name.value} (${name.heldMb} MiB more)`;
  },
);

attack(
  {
    id: 'feed-watch',
    from: 'guest',
    tries: 'A file watcher that reports changes elsewhere, a flood of them, and lines without end.',
    holds: 'Changes outside of the folder are dropped; a flood becomes one "look again".',
    promise: 'bounded-use',
  },
  async () => {
    const peer = await HostilePeer.ssh((session) => {
      session.on('exec', (accept) =>
        flood(
          accept(),
          Buffer.from('n\t/etc\tpasswd\nm\t/workspace\t../../x\nc\t/workspace\tfile\n'.repeat(300)),
        ),
      );
      sftpScript(session, {});
    });
    const report = await runVictim(peer, 'watch', { ms: 4000 });
    expect(report.value).toMatch(/ 0 outside/);
    return `${report.value} (${report.peakMemoryMb} MiB)`;
  },
);

attack(
  {
    id: 'copy-bomb',
    from: 'guest',
    tries:
      'A folder to be copied out that is as deep as it is asked, with names of "..", links, devices and FIFOs.',
    holds:
      'Depth, count and size have limits; what is no plain file or has an impossible name is left out; nothing lands outside of the target.',
    promise: 'plain-copies',
  },
  async () => {
    const { FILE } = sftpScript;
    const target = await mkdtemp(join(tmpdir(), 'bulkhead-copied-'));
    try {
      const entry = (filename: string, mode: number, size = 5) => ({
        filename,
        longname: '',
        attrs: { ...FILE, mode, size },
      });
      const listed = new Map<string, number>();
      let handle = 0;
      const script = (deep: boolean) =>
        HostilePeer.ssh((session) =>
          sftpScript(session, {
            STAT: (sftp, id, ...[path]) =>
              sftp.attrs(id, { ...FILE, mode: /folder$|deep$/.test(String(path)) ? 0o040755 : 0o100644 }),
            LSTAT: (sftp, id, ...[path]) =>
              sftp.attrs(id, { ...FILE, mode: /folder$|deep$/.test(String(path)) ? 0o040755 : 0o100644 }),
            OPENDIR: (sftp, id) => sftp.handle(id, Buffer.from(`d${handle++}`)),
            READDIR: (sftp, id, ...[opened]) => {
              const times = (listed.get(String(opened)) ?? 0) + 1;
              listed.set(String(opened), times);
              if (times > 1) {
                sftp.status(id, 1);
                return;
              }
              const entries = [
                entry('..', 0o040755),
                entry('../escape', 0o100644),
                entry('link', 0o120777),
                entry('device', 0o060666),
                entry('fifo', 0o010666),
                entry('plain', 0o100644),
                ...(deep ? [entry('deep', 0o040755)] : []),
              ];
              sftp.name(id, entries as never);
            },
            READ: (sftp, id, ...[, offset]) =>
              Number(offset) === 0 ? sftp.data(id, Buffer.from('hello')) : sftp.status(id, 1),
          }),
        );
      const flat = await runVictim(await script(false), 'copy', { into: target });
      expect(flat.value ?? flat.error).toMatch(/^1 files/);
      const endless = await runVictim(await script(true), 'copy', { into: target }, { patienceMs: 30_000 });
      const found = await readdir(target, { recursive: true });
      expect(found.join('\n')).not.toMatch(/link|device|fifo|escape/);
      return `${flat.value}; without end: ${endless.error ?? endless.value}`;
    } finally {
      await rm(target, { recursive: true, force: true });
    }
  },
);
