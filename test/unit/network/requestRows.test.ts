import { expect, test } from 'vitest';
import type { LogEntry } from '../../../src/network/requestLog';
import { RequestRows } from '../../../src/network/requestRows';

const request = (more: Partial<Extract<LogEntry, { kind: 'request' }>> = {}): LogEntry => ({
  kind: 'request',
  at: 1000,
  host: 'a.test',
  port: 443,
  method: 'CONNECT',
  allowed: true,
  receivedBytes: 10,
  ...more,
});

test('requests for one host and port are one row', () => {
  const rows = new RequestRows();
  rows.add(request({ at: 2000, method: 'GET', port: 80 }));
  rows.add(request({ at: 3000, method: 'GET', port: 80, allowed: false, reason: 'host' }));
  rows.add(request({ at: 1000, method: 'GET', port: 8080 }));
  expect(rows.list()).toEqual([
    {
      host: 'a.test',
      port: 80,
      allowed: false,
      reason: 'host',
      count: 2,
      deniedCount: 1,
      receivedBytes: 20,
      firstAt: 2000,
      lastAt: 3000,
    },
    expect.objectContaining({ port: 8080, count: 1, deniedCount: 0 }),
  ]);
});

test('a tunnel is there from its begin, and counts once', () => {
  const rows = new RequestRows();
  rows.add({ kind: 'open', at: 500, host: 'a.test', port: 443 });
  expect(rows.list()).toMatchObject([{ count: 1, allowed: true, receivedBytes: 0 }]);
  rows.add(request());
  expect(rows.list()).toMatchObject([{ count: 1, allowed: true, receivedBytes: 10 }]);
  rows.add({ kind: 'open', at: 1500, host: 'a.test', port: 443 });
  rows.add(request({ at: 1600, allowed: false, reason: 'server-name' }));
  expect(rows.list()).toMatchObject([{ count: 2, deniedCount: 1, allowed: false, reason: 'server-name' }]);
  rows.add(request({ at: 1700 }));
  expect(rows.list()[0]).not.toHaveProperty('reason');
});

test('a hundred thousand names are no more rows than the limit', () => {
  const rows = new RequestRows(100);
  rows.add(request({ host: 'kept.test' }));
  for (let n = 0; n < 100_000; n++) {
    rows.add(request({ host: `h${n}.test`, at: 1000 + n, allowed: false, reason: 'host' }));
    if (n % 50 === 0) {
      rows.add(request({ host: 'kept.test', at: 1000 + n }));
    }
  }
  const list = rows.list();
  expect(list).toHaveLength(100);
  expect(list[0]?.host).toBe('h99999.test');
  expect(list.find(({ host }) => host === 'kept.test')?.count).toBe(2001);
});
