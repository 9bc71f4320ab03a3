import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import type { MachineEnds } from '../../../src/app/machineEnds';
import { PortForwards } from '../../../src/app/portForward';
import type { Services } from '../../../src/app/services';
import { BulkheadError } from '../../../src/core/errors';
import { silentLog } from '../../../src/core/log';

/** Forwards to guests whose ports are made by `openPort`. */
function fakes(openPort: () => Promise<Duplex>, state = 'running') {
  const ends = new Map<string, (error: BulkheadError) => void>();
  const machineEnds = {
    watch: (id: string, onEnd: (error: BulkheadError) => void) => {
      ends.set(id, onEnd);
      return { dispose: () => void ends.delete(id) };
    },
  } as unknown as MachineEnds;
  const services = {
    log: silentLog,
    machine: async () => ({ info: async () => ({ state }) }),
    guest: async () => ({ openPort }),
  } as unknown as Services;
  return { forwards: new PortForwards(services, machineEnds), ends };
}

/** The two ends of a stream inside the process. */
function pair(): [Duplex, Duplex] {
  const [a, b] = [[], []].map(() => {
    const end: Duplex & { peer?: Duplex; ready?: () => void } = new Duplex({
      allowHalfOpen: true,
      read: () => end.ready?.(),
      write: (chunk, _encoding, done) => {
        const peer = end.peer as Duplex & { ready?: (() => void) | undefined };
        if (peer.push(chunk)) {
          done();
        } else {
          peer.ready = () => {
            peer.ready = undefined;
            done();
          };
        }
      },
      final: (done) => {
        end.peer?.push(null);
        done();
      },
    });
    return end;
  }) as [Duplex & { peer?: Duplex }, Duplex & { peer?: Duplex }];
  a.peer = b;
  b.peer = a;
  return [a, b];
}

const clients: Socket[] = [];
const toClose: { dispose(): void }[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) {
    client.destroy();
  }
  for (const one of toClose.splice(0)) {
    one.dispose();
  }
});

async function dial(port: number): Promise<Socket> {
  const socket = createConnection({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.on('error', () => undefined);
  clients.push(socket);
  await once(socket, 'connect');
  return socket;
}

describe('PortForwards', () => {
  it('passes bytes and both ends of the conversation', async () => {
    const [host, guest] = pair();
    const { forwards } = fakes(async () => host);
    toClose.push(forwards);
    const forward = await forwards.forward('m', 3000);
    const client = await dial(forward.localPort);
    client.end('question');
    const [asked] = (await once(guest, 'data')) as [Buffer];
    expect(asked.toString()).toBe('question');
    await once(guest, 'end');
    guest.end('answer');
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(answer.toString()).toBe('answer');
    await once(client, 'end');
  });

  it('lets a guest that never stops talking wait for its reader', async () => {
    let said = 0;
    const endless = new Duplex({
      read() {
        said += 65_536;
        this.push(Buffer.alloc(65_536));
      },
      write: (_chunk, _encoding, done) => done(),
    });
    const { forwards } = fakes(async () => endless);
    toClose.push(forwards);
    const client = await dial((await forwards.forward('m', 3000)).localPort);
    client.pause();
    let before = -1;
    // What the kernel and the streams hold is bounded: at some point nothing more is asked for.
    await expect
      .poll(
        () => {
          const still = said > 0 && said === before;
          before = said;
          return still;
        },
        { interval: 300, timeout: 10_000 },
      )
      .toBe(true);
    expect(said).toBeLessThan(64 * 2 ** 20);
    const gone = once(endless, 'close');
    client.destroy();
    await gone;
  });

  it('does not ask the guest to take more than it takes', async () => {
    let taken = 0;
    const stuck = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer) => {
        // Never done.
        taken += chunk.length;
      },
    });
    const { forwards } = fakes(async () => stuck);
    toClose.push(forwards);
    const client = await dial((await forwards.forward('m', 3000)).localPort);
    const block = Buffer.alloc(2 ** 20);
    while (client.write(block)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(taken).toBeLessThanOrEqual(2 * 65_536);
  });

  it('resets a connection that the guest refuses', async () => {
    const { forwards } = fakes(async () => {
      throw new BulkheadError('Nothing in the VM listens on port 3000');
    });
    toClose.push(forwards);
    const client = createConnection((await forwards.forward('m', 3000)).localPort, '127.0.0.1');
    clients.push(client);
    const failed = new Promise((resolve) => client.once('error', resolve));
    client.resume();
    expect(await failed).toMatchObject({ code: 'ECONNRESET' });
  });

  it('holds no more than 40 connections open, and serves the next when one is done', async () => {
    const open = new Set<Duplex>();
    const { forwards } = fakes(async () => {
      const [host] = pair();
      open.add(host);
      host.once('close', () => open.delete(host));
      return host;
    });
    toClose.push(forwards);
    const { localPort } = await forwards.forward('m', 3000);
    const sockets = await Promise.all(Array.from({ length: 45 }, () => dial(localPort)));
    await expect.poll(() => open.size).toBe(40);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(open.size).toBe(40);
    const [first] = open;
    for (const socket of sockets.slice(0, 5)) {
      socket.resetAndDestroy();
    }
    await expect.poll(() => first && open.has(first)).toBe(false);
    await expect.poll(() => open.size).toBe(40);
  });

  it('takes the same number if it is free, else any; a taken one that was asked for is an error', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const { forwards } = fakes(async () => pair()[0]);
    toClose.push(forwards);
    const other = await forwards.forward('m', port);
    expect(other.localPort).not.toBe(port);
    await expect(forwards.forward('m', 80, { localPort: port })).rejects.toMatchObject({
      kind: 'usage',
      message: `Port ${port} of this host can't be used: something listens on it already`,
    });
    taken.close();
    await once(taken, 'close');
    const same = await forwards.forward('m', port);
    expect(same.localPort).toBe(port);
    expect((await forwards.forward('m', 80)).localPort).toBeGreaterThanOrEqual(1024);
  });

  it.each([0, -1, 65_536, 1.5, Number.NaN])('refuses port %d', async (port) => {
    const { forwards } = fakes(async () => pair()[0]);
    await expect(forwards.forward('m', port)).rejects.toMatchObject({ kind: 'usage' });
    await expect(forwards.forward('m', 80, { localPort: port })).rejects.toMatchObject({ kind: 'usage' });
  });

  it('does not forward from a machine that does not run', async () => {
    const { forwards } = fakes(async () => pair()[0], 'suspended');
    await expect(forwards.forward('m', 80)).rejects.toThrow('it is suspended');
  });

  it('closes what is open when it is disposed, and when the machine ends', async () => {
    const { forwards, ends } = fakes(async () => pair()[0]);
    const [asked, ended] = [await forwards.forward('m', 3000), await forwards.forward('n', 3001)];
    const sockets = [await dial(asked.localPort), await dial(ended.localPort)];
    const closed = sockets.map((socket) => once(socket.resume(), 'end'));
    asked.dispose();
    ends.get('n')?.(new BulkheadError('it is stopped'));
    await Promise.all(closed);
    expect(await asked.closed).toBeUndefined();
    expect((await ended.closed)?.message).toBe('it is stopped');
    expect(ends.size).toBe(0);
    // The numbers are free again, and still told.
    expect(ended.localPort).toBeGreaterThan(0);
    const again = await forwards.forward('m', 3000, { localPort: asked.localPort });
    again.dispose();
  });
});
