import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GuestIdentity } from '../../../src/guest/identity';
import { OpenSshServer } from './openSshServer';

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('connectGuest against OpenSSH', () => {
  let server: OpenSshServer;
  let guest: ReturnType<OpenSshServer['guest']>;

  beforeAll(async () => {
    server = await OpenSshServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    guest = server.guest();
  });
  afterEach(() => guest.dispose());

  it('passes an argv through unharmed and reports the exit code', async () => {
    const odd = ['a b', "it's", '$HOME', 'two\nlines', '', '日本', '%s\\'];
    const output = await guest.run({ argv: ['printf', '%s|', ...odd] });
    expect(output.stdout.toString()).toBe(odd.map((text) => `${text}|`).join(''));
    expect((await guest.run({ argv: ['sh', '-c', 'exit 7'] })).code).toBe(7);
  });

  it('reports a signal as 128 + its number', async () => {
    expect(await guest.run({ script: 'kill -KILL $$' })).toMatchObject({ code: 137, signal: 'KILL' });
  });

  it('sets the folder and the environment, the caller over remoteEnv', async () => {
    const mine = server.guest({ remoteEnv: { A: 'remote', B: 'remote' } });
    const output = await mine.run({ script: 'echo "$A $B $PWD"' }, { env: { B: 'own' }, cwd: '/' });
    mine.dispose();
    expect(output.stdout.toString().trim()).toBe('remote own /');
    await expect(guest.run({ script: 'true' }, { env: { 'A;B': 'x' } })).rejects.toMatchObject({
      kind: 'usage',
    });
    await expect(guest.run({ script: 'true' }, { env: { A: 'x\0y' } })).rejects.toMatchObject({
      kind: 'usage',
    });
    await expect(guest.run({ script: 'true' }, { user: '-x' })).rejects.toMatchObject({ kind: 'usage' });
    await expect(guest.run({ argv: ['echo', 'x'.repeat(100_000)] })).rejects.toMatchObject({ kind: 'usage' });
  });

  it('passes 50 MB of binary data through standard input and output', async () => {
    const block = randomBytes(1024 * 1024);
    const blocks = function* () {
      for (let index = 0; index < 50; index++) {
        yield block;
      }
    };
    const sent = createHash('sha256');
    for (const chunk of blocks()) {
      sent.update(chunk);
    }
    const process = await guest.spawn({ argv: ['cat'] });
    const received = createHash('sha256');
    const [, , status] = await Promise.all([
      pipeline(Readable.from(blocks()), process.stdin),
      pipeline(process.stdout, received),
      process.exited,
    ]);
    expect(status.code).toBe(0);
    expect(received.digest('hex')).toBe(sent.digest('hex'));
  });

  it('is not stopped by a standard error that nobody reads', async () => {
    const process = await guest.spawn({ script: 'head -c 8000000 /dev/zero >&2; echo done' });
    let out = '';
    process.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    expect((await process.exited).code).toBe(0);
    expect(out.trim()).toBe('done');
  });

  it('cuts collected output at the limit and says so', async () => {
    const output = await guest.run({ script: 'head -c 3000000 /dev/zero' }, { maxBytes: 1000 });
    expect(output).toMatchObject({ code: 0, truncated: true });
    expect(output.stdout.length).toBe(1000);
  });

  it('ends a write that the process will never read', async () => {
    const process = await guest.spawn({ argv: ['true'] });
    process.stdout.resume();
    const writing = pipeline(Readable.from([Buffer.alloc(20_000_000)]), process.stdin).catch(() => 'ended');
    expect((await process.exited).code).toBe(0);
    await writing;
  });

  it('stops a command at its deadline and by its signal', async () => {
    await expect(guest.run({ argv: ['sleep', '60'] }, { deadlineMs: 300 })).rejects.toMatchObject({
      name: 'DeadlineError',
    });
    const controller = new AbortController();
    const running = guest.run({ argv: ['sleep', '60'] }, { signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toMatchObject({ kind: 'cancelled' });
  });

  it('gives a shell on a pty that can be resized', async () => {
    const shell = await guest.shell({ pty: { columns: 100, rows: 30, term: 'xterm' } });
    let out = '';
    shell.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    shell.stdin.write('stty size; echo "T=$TERM"\n');
    await expect.poll(() => out).toContain('T=xterm');
    expect(out).toContain('30 100');
    shell.resize({ columns: 90, rows: 20 });
    shell.stdin.write('stty size; exit 3\n');
    expect((await shell.exited).code).toBe(3);
    expect(out).toContain('20 90');
  });

  it('forwards a port of the guest', async () => {
    const echo = createServer((socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    const { port } = echo.address() as { port: number };
    const stream = await guest.openPort(port);
    const block = randomBytes(3_000_000);
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.end(block);
    await new Promise((resolve) => stream.once('end', resolve));
    expect(Buffer.concat(chunks).equals(block)).toBe(true);
    echo.close();
    await expect(guest.openPort(port)).rejects.toThrow(/Nothing in the VM listens/);
  });

  it('brings all that the guest sent before it closed, however slow the reader', async () => {
    const block = randomBytes(3_000_000);
    const sayer = createServer((socket) => socket.end(block));
    await new Promise<void>((resolve) => sayer.listen(0, '127.0.0.1', resolve));
    const { port } = sayer.address() as { port: number };
    const stream = await guest.openPort(port);
    const chunks: Buffer[] = [];
    for await (const chunk of stream) {
      chunks.push(chunk as Buffer);
      if (chunks.length % 20 === 1) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    expect(Buffer.concat(chunks).equals(block)).toBe(true);
    sayer.close();
  });

  it('does not take a broken connection for the end of a stream', async () => {
    const sayer = createServer((socket) => socket.write('half of it'));
    await new Promise<void>((resolve) => sayer.listen(0, '127.0.0.1', resolve));
    const stream = await guest.openPort((sayer.address() as { port: number }).port);
    const ended = vi.fn();
    stream.once('end', ended);
    const failed = new Promise<Error>((resolve) => stream.once('error', resolve));
    stream.once('data', () => server.kill());
    expect((await failed).message).toContain('lost');
    expect(ended).not.toHaveBeenCalled();
    sayer.close();
  });

  describe('watchers', () => {
    const agent = (name: string, script: string) => writeFile(join(server.folder, `watch-${name}`), script);

    it('give the ports at each change, and end their program', async () => {
      const pid = join(server.folder, 'pid');
      await agent(
        'ports',
        `echo $$ > ${pid}; echo ports 0; echo alive; echo ports 1 80 any 0 -; while sleep 0.5; do echo alive; done`,
      );
      const controller = new AbortController();
      const lists = guest.listeningPorts({ signal: controller.signal });
      expect((await lists.next()).value).toEqual([]);
      expect((await lists.next()).value).toEqual([{ port: 80, address: 'any' }]);
      const running = Number(await readFile(pid, 'utf8'));
      controller.abort();
      await expect(lists.next()).rejects.toMatchObject({ kind: 'cancelled' });
      await expect.poll(() => isAlive(running)).toBe(false);
    });

    it.each([
      ['ends', 'exit 3', /watcher ended/],
      ['says something else', 'echo 1 2 3; sleep 60', /not its format/],
      ['floods', 'while :; do echo ports 0; done', /far more than it should/],
      ['never ends its line', 'while :; do printf 999999999999; done', /without an end/],
    ])('throw when the agent %s', async (_, script, message) => {
      await agent('ports', script);
      const reading = (async () => {
        for await (const ports of guest.listeningPorts()) {
          expect(ports).toEqual([]);
        }
      })();
      await expect(reading).rejects.toThrow(message);
    });

    it('say that another version of the agent does not know them', async () => {
      await agent('resources', 'echo bulkhead: unknown control message >&2; exit 1');
      await expect(guest.samples().next()).rejects.toMatchObject({
        next: expect.stringContaining('stop it and start it again'),
      });
    });
  });

  it('sends control messages, thaw with the host clock', async () => {
    const before = Date.now();
    await guest.control('freeze');
    await guest.control('thaw');
    const [freeze, thaw] = (await readFile(join(server.folder, 'control'), 'utf8')).trim().split('\n');
    expect(freeze).toBe('freeze');
    const [word, ns] = thaw?.split(' ') ?? [];
    expect(word).toBe('thaw');
    expect(Number(BigInt(ns ?? '') / 1_000_000n)).toBeGreaterThanOrEqual(before);
  });

  it('shares one connection, reports that it broke, and connects again when asked', async () => {
    const dials = server.dials;
    await Promise.all([guest.ready(), guest.run({ argv: ['true'] }), guest.files()]);
    expect(server.dials).toBe(dials + 1);
    const sleeping = await guest.spawn({ argv: ['sleep', '60'] });
    const broken = new Promise((resolve) => guest.onDidDisconnect(resolve));
    server.kill();
    await broken;
    await expect(sleeping.exited).rejects.toThrow(/lost/);
    expect((await guest.run({ argv: ['true'] })).code).toBe(0);
    expect((await (await guest.files()).stat('/')).type).toBe('directory');
  });

  it('tries again while the stream is not there yet', async () => {
    let left = 3;
    const late = server.guest({
      dial: () => (left-- > 0 ? Promise.reject(new Error('not yet')) : server.dial()),
    });
    await late.ready();
    expect(left).toBe(-1);
    late.dispose();
  });

  it('refuses another host key at once, without trying again', async () => {
    const identity: GuestIdentity = { ...server.identity, hostKeyBlob: randomBytes(51) };
    const dials = server.dials;
    const other = server.guest({ identity });
    await expect(other.ready()).rejects.toThrow(/does not have the key/);
    expect(server.dials).toBe(dials + 1);
    other.dispose();
  });
});
