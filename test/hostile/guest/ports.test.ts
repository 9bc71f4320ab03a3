import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { Duplex } from 'node:stream';
import { expect } from 'vitest';
import type { MachineEnds } from '../../../src/app/machineEnds';
import { PortForwards } from '../../../src/app/portForward';
import type { Services } from '../../../src/app/services';
import { silentLog } from '../../../src/core/log';
import { attack } from '../attack';

/** A server of the guest's that talks without end and never listens. */
const babbling = () =>
  new Duplex({
    read() {
      this.push(Buffer.alloc(16_384));
    },
    write: () => undefined,
  });

/** Addresses (hex, as Linux writes them) on which something listens at `port`: state 0A is LISTEN (proc(5)). */
async function listeningAddresses(port: number): Promise<string[]> {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'latin1')),
  );
  return tables
    .flatMap((table) => table.split('\n').map((row) => row.trim().split(/\s+/)))
    .filter(([, local, , state]) => local?.endsWith(end) && state === '0A')
    .map(([, local = '']) => local.slice(0, -end.length));
}

attack(
  {
    id: 'port-beyond-loopback',
    from: 'guest',
    tries:
      'A forwarded server of the guest that is to be heard beyond this computer, floods its clients and keeps every connection.',
    holds:
      'It listens on 127.0.0.1 only; 40 connections a machine reach the guest, the rest wait; what is not read is not taken.',
    promise: 'local-ports',
  },
  async () => {
    let opened = 0;
    const services = {
      log: silentLog,
      machine: async () => ({ info: async () => ({ state: 'running' }) }),
      guest: async () => ({
        openPort: async () => {
          opened++;
          return babbling();
        },
      }),
    } as unknown as Services;
    const ends = { watch: () => ({ dispose: () => undefined }) } as unknown as MachineEnds;
    const forwards = new PortForwards(services, ends);
    const { localPort } = await forwards.forward('evil', 80);
    const clients = Array.from({ length: 60 }, () =>
      createConnection({ host: '127.0.0.1', port: localPort }),
    );
    const connected = Promise.all(
      clients.map((client) =>
        once(
          client.on('error', () => undefined),
          'connect',
        ),
      ),
    );
    try {
      // Linux keeps an address as its bytes in the machine's order: 127.0.0.1 is 0100007F here.
      expect(await listeningAddresses(localPort)).toEqual(['0100007F']);
      await connected;
      await expect.poll(() => opened).toBe(40);
      // Nobody reads: a few seconds of babble must not pile up in this process.
      const before = process.memoryUsage().rss;
      await new Promise((resolve) => setTimeout(resolve, 2000));
      const grown = (process.memoryUsage().rss - before) / 2 ** 20;
      expect(grown).toBeLessThan(100);
      expect(opened).toBe(40);
      return `127.0.0.1 only, ${opened} of ${clients.length} connections in the guest, ${Math.round(grown)} MiB more`;
    } finally {
      for (const client of clients) {
        client.destroy();
      }
      forwards.dispose();
    }
  },
);
