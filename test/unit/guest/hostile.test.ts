import { Duplex, PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerChannel, Session, SFTPWrapper } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import type { Log } from '../../../src/core/log';
import type { GuestFiles } from '../../../src/guest/guestFiles';
import { channelId, HostileServer, rawProtocol } from './hostileServer';

type Attributes = { mode: number; uid: number; gid: number; size: number; atime: number; mtime: number };
const FILE: Attributes = { mode: 0o100644, uid: 0, gid: 0, size: 5, atime: 0, mtime: 0 };
const OK = 0;
const EOF = 1;
const FAILURE = 4;

/** The server side of an SFTP session, with the handlers of one test. */
interface SftpScript {
  [request: string]: (sftp: SFTPWrapper, id: number, ...rest: never[]) => void;
}

describe('a guest that lies', () => {
  let guest: ReturnType<HostileServer['guest']> | undefined;
  afterEach(() => guest?.dispose());

  const sftpGuest = async (script: SftpScript, log?: Log): Promise<GuestFiles> => {
    const server = new HostileServer((session) => {
      session.on('env', (accept) => accept?.());
      session.on('sftp', (accept) => {
        const sftp = accept();
        const handlers: SftpScript = {
          OPEN: (s, id) => s.handle(id, Buffer.from('h')),
          OPENDIR: (s, id) => s.handle(id, Buffer.from('d')),
          CLOSE: (s, id) => s.status(id, OK),
          STAT: (s, id) => s.attrs(id, FILE),
          LSTAT: (s, id) => s.attrs(id, FILE),
          ...script,
        };
        for (const [request, handler] of Object.entries(handlers)) {
          sftp.on(request, (id: number, ...rest: never[]) => handler(sftp, id, ...rest));
        }
      });
    });
    guest = server.guest({}, log);
    return guest.files();
  };

  const execGuest = (script: (channel: ServerChannel, server: HostileServer) => void) => {
    const server: HostileServer = new HostileServer((session: Session) => {
      session.on('env', (accept) => accept?.());
      session.on('exec', (accept) => script(accept(), server));
    });
    guest = server.guest();
    return { guest, server };
  };

  it('has impossible file names dropped and logged', async () => {
    const warnings: string[] = [];
    const log = {
      debug: () => undefined,
      info: () => undefined,
      warn: (m: string) => warnings.push(m),
      error: () => undefined,
    };
    let sent = false;
    const names = [
      'ok',
      '..',
      '.',
      '',
      'a/b',
      '/etc/passwd',
      '../../x',
      'nul\0',
      'ok',
      '\u001b[31mred',
      'x'.repeat(300),
    ];
    const files = await sftpGuest(
      {
        READDIR: (sftp, id) => {
          if (sent) {
            sftp.status(id, EOF);
          } else {
            sent = true;
            sftp.name(id, names.map((filename) => ({ filename, longname: filename, attrs: FILE })) as never);
          }
        },
      },
      log,
    );
    const entries = await files.readDirectory('/x');
    expect(entries.map((entry) => entry.name)).toEqual(['ok', '\u001b[31mred']);
    expect(warnings).toHaveLength(6);
    expect(warnings.join('')).not.toContain('\u001b');
  });

  it('can’t list for ever', async () => {
    let count = 0;
    const files = await sftpGuest({
      READDIR: (sftp, id) =>
        sftp.name(
          id,
          Array.from({ length: 100 }, () => ({
            filename: `f${count++}`,
            longname: '',
            attrs: FILE,
          })) as never,
        ),
    });
    await expect(files.readDirectory('/x', { limit: 5_000 })).rejects.toMatchObject({ code: 'EFBIG' });
    expect(count).toBeLessThan(6_000);
  });

  it('has impossible attributes clamped', async () => {
    const answers = [
      { ...FILE, size: 2 ** 63 },
      { ...FILE, size: -1 },
      { ...FILE, mode: 0o777777, mtime: 2 ** 32 - 1 },
      { mode: 0 },
    ];
    const files = await sftpGuest({
      STAT: (sftp, id) => sftp.attrs(id, (answers.shift() ?? FILE) as never),
    });
    expect(await files.stat('/a')).toMatchObject({ size: Number.MAX_SAFE_INTEGER });
    expect(Number.isSafeInteger((await files.stat('/a')).size)).toBe(true);
    const odd = await files.stat('/a');
    expect(odd.type).toBe('other');
    expect(odd.mode).toBe(0o7777);
    expect(odd.mtimeMs).toBe((2 ** 32 - 1) * 1000);
    expect(await files.stat('/a')).toMatchObject({ type: 'other', size: 0 });
  });

  it('can’t send a file without end, nor make room for one it only claims', async () => {
    let sent = 0;
    const files = await sftpGuest({
      READ: (sftp, id, ...[, , length]) => {
        sent += Number(length);
        sftp.data(id, Buffer.alloc(Number(length)));
      },
    });
    await expect(files.readFile('/endless', { maxBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'EFBIG',
    });
    expect(sent).toBeLessThan(10_000_000);
    const huge = await sftpGuest({ STAT: (sftp, id) => sftp.attrs(id, { ...FILE, size: 2 ** 50 }) });
    await expect(huge.readFile('/huge')).rejects.toMatchObject({ code: 'EFBIG' });
  });

  it('gets whole files out of short and over-long answers', async () => {
    const content = Buffer.from('hello world');
    const files = await sftpGuest({
      STAT: (sftp, id) => sftp.attrs(id, { ...FILE, size: 0 }),
      READ: (sftp, id, ...[, offset]) => {
        const at = Number(offset);
        return at < content.length ? sftp.data(id, content.subarray(at, at + 3)) : sftp.status(id, EOF);
      },
    });
    expect((await files.readFile('/short')).toString()).toBe('hello world');
    const long = await sftpGuest({ READ: (sftp, id) => sftp.data(id, Buffer.alloc(262_000)) });
    await expect(long.readFile('/long', { maxBytes: 600_000 })).rejects.toMatchObject({ code: 'EFBIG' });
  });

  it('loses its file session for an answer of the wrong kind, and gets a new one', async () => {
    const wrong: SftpScript[string][] = [
      (sftp, id) => sftp.handle(id, Buffer.from('x')),
      (sftp, id) => sftp.status(id, OK),
      (sftp, id) => sftp.name(id, [{ filename: 'x', longname: 'x', attrs: FILE }] as never),
      (sftp, id) => sftp.data(id, Buffer.from('x')),
    ];
    let next = 0;
    const files = await sftpGuest({
      STAT: (sftp, id) => (wrong[next++] ?? ((s, i) => s.attrs(i, FILE)))(sftp, id),
    });
    for (const _ of wrong) {
      await expect(files.stat('/a')).rejects.toMatchObject({ code: 'EIO' });
    }
    expect((await files.stat('/a')).type).toBe('file');
    const handles = await sftpGuest({ OPEN: (sftp, id) => sftp.attrs(id, FILE) });
    await expect(handles.readFile('/a')).rejects.toMatchObject({ code: 'EIO' });
  });

  it('can’t send us round in symlinks or hang a write on a lost session', async () => {
    const files = await sftpGuest({
      LSTAT: (sftp, id) => sftp.attrs(id, { ...FILE, mode: 0o120777 }),
      READLINK: (sftp, id) => sftp.name(id, [{ filename: 'again', longname: '', attrs: FILE }] as never),
    });
    await expect(files.writeFileAtomic('/a', Buffer.from('x'))).rejects.toMatchObject({ code: 'EIO' });
    const server = new HostileServer((session, connection) => {
      session.on('sftp', (accept) => {
        const sftp = accept();
        sftp.on('LSTAT', (id) => sftp.status(id, 2));
        sftp.on('OPEN', (id) => sftp.handle(id, Buffer.from('h')));
        sftp.on('WRITE', () => connection.end());
      });
    });
    guest?.dispose();
    guest = server.guest();
    const broken = await guest.files();
    await expect(broken.writeFileAtomic('/a', Buffer.alloc(5_000_000))).rejects.toMatchObject({
      code: 'EIO',
    });
  });

  it('has its messages made printable', async () => {
    const files = await sftpGuest({
      STAT: (sftp, id) => sftp.status(id, FAILURE, '\u001b]0;owned\u0007bad\r\n'),
    });
    const error = await files.stat('/a').catch((thrown: Error) => thrown);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
    expect(String((error as Error).message)).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it('is cut off when it sends more than the window allows', async () => {
    const { guest: evil, server } = execGuest((channel, owner) => {
      const protocol = rawProtocol(owner.connections[0] as never);
      const block = Buffer.alloc(32_000);
      for (let index = 0; index < 1_000; index++) {
        protocol.channelData(channelId(channel), block);
      }
    });
    const disconnected = new Promise<Error>((resolve) => evil.onDidDisconnect(resolve));
    const process = await evil.spawn({ script: 'x' });
    // Not read: what is beyond the window would pile up here.
    process.stdout.on('error', () => undefined);
    process.stdout.pause();
    const reason = await disconnected;
    expect(reason.message).toMatch(/window/);
    expect(server.connections).toHaveLength(1);
  });

  it.each(['channelData', 'channelExtData'] as const)(
    'is cut off when it sends output after its end (%s)',
    async (send) => {
      const { guest: evil } = execGuest((channel, owner) => {
        const protocol = rawProtocol(owner.connections[0] as never);
        const id = channelId(channel);
        protocol.channelEOF(id);
        for (let n = 0; n < 5; n++) {
          protocol[send](id, Buffer.from('more'), 1);
        }
      });
      await expect(evil.run({ script: 'x' }, { deadlineMs: 5000 })).rejects.toThrow(/output after its end/);
    },
  );

  it('has impossible exit codes read as 255', async () => {
    const endings: ((channel: ServerChannel) => void)[] = [
      (channel) => channel.exit(70_000),
      (channel) => channel.exit('TERM'),
      (channel) => channel.exit(3),
    ];
    const { guest: evil } = execGuest((channel) => {
      endings.shift()?.(channel);
      channel.end();
    });
    expect((await evil.run({ script: 'a' })).code).toBe(255);
    expect(await evil.run({ script: 'a' })).toMatchObject({ code: 143, signal: 'TERM' });
    expect((await evil.run({ script: 'a' })).code).toBe(3);
  });

  it('is believed about an end that comes in one piece with the start', async () => {
    const { guest } = execGuest((channel) => {
      channel.exit(9);
      channel.close();
    });
    expect((await guest.run({ script: 'x' })).code).toBe(9);
  });

  it('can’t keep a command for ever: by silence, by endless output, by closing without a status', async () => {
    const { guest: silent } = execGuest(() => undefined);
    await expect(silent.run({ script: 'x' }, { deadlineMs: 200 })).rejects.toMatchObject({
      name: 'DeadlineError',
    });
    silent.dispose();
    const { guest: loud } = execGuest((channel) => {
      const more = () => {
        while (channel.writable && channel.write(Buffer.alloc(32_000))) {
          // As fast as the window lets it.
        }
        channel.once('drain', more);
      };
      more();
    });
    await expect(loud.run({ script: 'x' }, { deadlineMs: 500 })).rejects.toMatchObject({
      name: 'DeadlineError',
    });
    loud.dispose();
    const { guest: mute } = execGuest((channel) => channel.close());
    await expect(mute.run({ script: 'x' })).rejects.toThrow(/without an exit status/);
  });

  it('can’t keep a call that was cancelled by never opening a file session', async () => {
    const server = new HostileServer((session) => session.on('sftp', () => undefined));
    guest = server.guest();
    const controller = new AbortController();
    const calls = [1, 2].map(() => guest?.files({ signal: controller.signal }));
    setTimeout(() => controller.abort(), 100);
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes).toMatchObject([
      { reason: { name: 'CancelledError' } },
      { reason: { name: 'CancelledError' } },
    ]);
  });

  it('can be let go before a stream to it opens', async () => {
    const controller = new AbortController();
    // Such streams (the Engine's are of this kind) emit an error when they are destroyed half open.
    const opened = Duplex.from({ readable: new PassThrough(), writable: new PassThrough() });
    guest = new HostileServer(() => undefined).guest({
      dial: async () => {
        controller.abort();
        await delay(50);
        return opened;
      },
    });
    const closed = new Promise((resolve) => opened.once('close', resolve));
    await expect(guest.ready({ signal: controller.signal })).rejects.toMatchObject({
      name: 'CancelledError',
    });
    await closed;
  });

  it('loses a transfer when it disconnects, and nothing hangs', async () => {
    const { guest: evil } = execGuest((channel, owner) => {
      channel.write('partial');
      channel.exit(0);
      setImmediate(() => owner.connections.at(-1)?.end());
    });
    await expect(evil.run({ script: 'x' }, { deadlineMs: 5_000 })).rejects.toThrow(/lost|without/);
  });

  it('can’t open channels or ports towards us', async () => {
    const refused: string[] = [];
    const server = new HostileServer((session, connection) => {
      session.on('env', (accept) => accept?.());
      session.on('exec', (accept) => {
        const channel = accept();
        let left = 4;
        const answer = (error: Error | undefined) => {
          refused.push(error ? 'refused' : 'opened');
          if (--left === 0) {
            channel.exit(0);
            channel.end();
          }
        };
        connection.forwardOut('127.0.0.1', 22, '127.0.0.1', 22, answer);
        connection.x11('127.0.0.1', 6000, answer);
        connection.openssh_forwardOutStreamLocal('/var/run/docker.sock', answer);
        connection.forwardOut('', 0, '', 0, answer);
      });
    });
    guest = server.guest();
    expect((await guest.run({ script: 'x' })).code).toBe(0);
    expect(refused).toEqual(['refused', 'refused', 'refused', 'refused']);
  });

  it('gets no password, no agent and no second try with a wrong key', async () => {
    const server = new HostileServer(() => undefined);
    const other = new HostileServer(() => undefined);
    guest = server.guest({ identity: { ...server.identity, hostKeyBlob: other.identity.hostKeyBlob } });
    await expect(guest.ready()).rejects.toThrow(/does not have the key/);
    expect(server.connections).toHaveLength(1);
  });
});
