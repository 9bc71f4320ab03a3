import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { HostileServer } from './hostileServer';
import { OpenSshServer } from './openSshServer';

const echo = (stream: Duplex) => void stream.pipe(stream);

describe('sockets in a guest, against OpenSSH', () => {
  let server: OpenSshServer;
  let guest: ReturnType<OpenSshServer['guest']>;
  let path: string;
  let count = 0;

  beforeAll(async () => {
    server = await OpenSshServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    guest = server.guest();
    const folder = join(server.folder, `sockets-${count++}`);
    await mkdir(folder);
    path = join(folder, 'in', 'agent');
  });
  afterEach(() => guest.dispose());

  /** What a program in the guest gets back for `text`. */
  async function ask(text: string): Promise<string> {
    const socket = connect(path);
    let got = '';
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString();
    });
    socket.end(text);
    await once(socket, 'close');
    return got;
  }

  it('brings connections of the guest to this host, until it is closed', async () => {
    const socket = guest.socket({ path, accept: echo });
    await socket.ready();
    expect(await ask('hello')).toBe('hello');
    const open = connect(path);
    await once(open, 'connect');
    open.write('x');
    await once(open, 'data');
    const closed = once(open, 'close');
    await socket.close();
    await closed;
    await expect(once(connect(path), 'connect')).rejects.toThrow(/ECONNREFUSED|ENOENT/);
    // The name is free again.
    const again = guest.socket({ path, accept: echo });
    await again.ready();
    expect(await ask('again')).toBe('again');
  });

  it('turns away more streams than it has room for', async () => {
    const accepted: Duplex[] = [];
    const socket = guest.socket({ path, accept: (stream) => accepted.push(stream) });
    await socket.ready();
    const programs = Array.from({ length: 12 }, () => connect(path).on('error', () => undefined));
    await vi.waitFor(
      () => expect(programs.filter((each) => each.destroyed || each.readableEnded)).toHaveLength(4),
      {
        timeout: 10_000,
      },
    );
    expect(accepted).toHaveLength(8);
    for (const program of programs) {
      program.destroy();
    }
  });

  it('is there again after the connection broke', async () => {
    const socket = guest.socket({ path, accept: echo });
    await socket.ready();
    const broken = new Promise((resolve) => guest.onDidDisconnect(resolve));
    server.kill();
    await broken;
    await guest.ready();
    await socket.ready();
    expect(await ask('back')).toBe('back');
  });

  it('takes one name once, and only short plain names', async () => {
    guest.socket({ path, accept: echo });
    expect(() => guest.socket({ path, accept: echo })).toThrow('Not a free name');
    expect(() => guest.socket({ path: 'relative', accept: echo })).toThrow('Not a free name');
    expect(() => guest.socket({ path: `/${'a'.repeat(120)}`, accept: echo })).toThrow('Not a free name');
  });

  it('lends to programs of the user’s only', async () => {
    const lent = server.guest({
      lentEnvironment: async (env) => ({ TOKEN: 'canary', COUNT: String(Object.keys(env).length) }),
    });
    try {
      const print = { argv: ['sh', '-c', 'echo "$TOKEN-$COUNT"'] } as const;
      const [plain, own] = await Promise.all([
        lent.run({ argv: [...print.argv] }),
        lent.run({ argv: [...print.argv] }, { lendCredentials: true, env: { A: '1' } }),
      ]);
      expect(plain.stdout.toString()).toBe('-\n');
      expect(own.stdout.toString()).toBe('canary-1\n');
    } finally {
      lent.dispose();
    }
  });

  it('keeps a secret out of every command line', async () => {
    const secret = `canary-${process.pid}`;
    const lent = server.guest({ lentEnvironment: async () => ({ TOKEN: secret }) });
    try {
      const script = `for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $f; echo; done 2>/dev/null`;
      const output = await lent.run({ script }, { lendCredentials: true });
      expect(output.stdout.length).toBeGreaterThan(100);
      expect(output.stdout.includes(secret)).toBe(false);
      const ps = spawn('ps', ['-eo', 'args']);
      let lines = '';
      ps.stdout.on('data', (chunk: Buffer) => {
        lines += chunk.toString();
      });
      await once(ps, 'close');
      expect(lines.includes(secret)).toBe(false);
    } finally {
      lent.dispose();
    }
  });
});

describe('sockets in a taken-over guest', () => {
  it('opens no channel for a name that was not asked for', async () => {
    const accepted = vi.fn();
    const refusals: string[] = [];
    const names = ['/run/x', '__proto__', 'constructor', ''];
    const server = new HostileServer((session, connection) => {
      session.on('exec', (accept) => {
        const channel = accept();
        let left = names.length;
        for (const name of names) {
          connection.openssh_forwardOutStreamLocal(name, (error) => {
            refusals.push(error ? 'refused' : 'opened');
            if (--left === 0) {
              channel.exit(0);
              channel.end();
            }
          });
        }
      });
    });
    const guest = server.guest();
    try {
      guest.socket({ path: '/offered/agent', accept: accepted });
      await guest.run({ argv: ['x'] });
      expect(new Set(refusals)).toEqual(new Set(['refused']));
      expect(refusals.length).toBeGreaterThanOrEqual(names.length);
      expect(accepted).not.toHaveBeenCalled();
    } finally {
      guest.dispose();
    }
  });
});
