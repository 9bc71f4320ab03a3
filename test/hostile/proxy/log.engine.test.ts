import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import { followRequests, readRequests } from '../../../src/network/readLog';
import type { LogEntry } from '../../../src/network/requestLog';
import { attack } from '../attack';
import { ALLOWED, hex, ProxyWorld } from './proxyWorld';

let world: ProxyWorld;

beforeAll(async () => {
  world = await ProxyWorld.make();
  await world.apply('allowlist');
});
afterAll(() => world?.dispose());

describe('what the user is told', () => {
  attack(
    {
      id: 'proxy-long-log-line',
      from: 'guest',
      tries:
        'A name of 60 KB in a handshake, to make a line of the proxy’s log that is too long to be read, and, as if that had worked, a line of 40 KB that the Engine hands out in pieces.',
      holds:
        'The name is cut before it is logged, so the denial is told; a line that is too long is left out, and the requests after it are told too.',
      promise: 'allowed-names',
    },
    async () => {
      const controller = new AbortController();
      const told: LogEntry[] = [];
      const following = (async () => {
        for await (const { entry } of followRequests(world.engine, world.id, undefined, controller.signal)) {
          told.push(...(entry ? [entry] : []));
        }
      })();
      try {
        const tunnel = (id: string) => [`connect ${id} ${ALLOWED}:443`, `head ${id} 10`];
        await world.play([...tunnel('a'), `hello a 15000 ${hex('abc.')} ${hex(ALLOWED)}`, 'rest a 2']);
        await vi.waitUntil(() => told.some((entry) => entry.kind === 'request' && !entry.allowed), {
          timeout: 10_000,
        });
        await world.inProxy("head -c 40000 /dev/zero | tr '\\0' x > /proc/1/fd/1; echo > /proc/1/fd/1");
        const before = told.length;
        await world.play([...tunnel('b'), `hello b 1 ${hex(ALLOWED)}`, 'rest b 1']);
        await vi.waitUntil(() => told.length >= before + 2, { timeout: 10_000 });
        expect(told.slice(before)).toMatchObject([
          { kind: 'open', host: ALLOWED, port: 443 },
          { kind: 'request', host: ALLOWED, port: 443, allowed: true },
        ]);
        const denial = told.find((entry) => entry.kind === 'request' && !entry.allowed);
        expect(denial).toMatchObject({ host: ALLOWED, port: 443, reason: 'server-name' });
        expect((await readRequests(world.engine, world.id)).entries).toEqual(told);
      } finally {
        controller.abort();
        await following;
      }
      return 'the denial was told as `server-name`, and the request after the long line';
    },
  );
});
