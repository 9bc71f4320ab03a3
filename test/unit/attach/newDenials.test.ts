import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type DenialNotice,
  type DeniedHost,
  deniedHosts,
  NewDenials,
  ruleFor,
} from '../../../src/attach/newDenials';
import { silentLog } from '../../../src/core/log';
import type { NetworkRow } from '../../../src/network/networkService';

const row = (host: string, changes: Partial<NetworkRow> = {}): NetworkRow => ({
  host,
  port: 443,
  allowed: false,
  reason: 'host',
  count: 1,
  deniedCount: 1,
  receivedBytes: 0,
  firstAt: 100,
  lastAt: 100,
  ...changes,
});

describe('NewDenials', () => {
  let denied: DeniedHost[];
  let notices: DenialNotice[];
  let answer: () => void;
  let denials: NewDenials;

  beforeEach(() => {
    vi.useFakeTimers();
    denied = [];
    notices = [];
    denials = new NewDenials(
      () => denied,
      (notice) => {
        notices.push(notice);
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
      silentLog,
    );
  });

  afterEach(() => {
    denials.dispose();
    vi.useRealTimers();
  });

  const ask = (...hosts: string[]) => {
    const others = denied.filter(({ host }) => !hosts.includes(host));
    denied = [...hosts.map((host) => ({ host, port: 443 })), ...others];
    denials.look('vm');
  };
  const told = () => notices.map(({ hosts }) => hosts.map(({ host }) => host));

  it('tells once of a host, however often it is asked for', async () => {
    ask('a.test');
    ask('a.test');
    await vi.advanceTimersByTimeAsync(2_000);
    answer();
    for (let again = 0; again < 20; again++) {
      await vi.advanceTimersByTimeAsync(5_000);
      ask('a.test');
    }
    expect(told()).toEqual([['a.test']]);
  });

  it('makes one notice of what comes together', async () => {
    ask('a.test');
    ask('b.test');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(told()).toEqual([['b.test', 'a.test']]);
  });

  it('shows the next one only when the first is answered, and after a pause', async () => {
    ask('a.test');
    await vi.advanceTimersByTimeAsync(2_000);
    ask('b.test');
    ask('c.test');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(told()).toEqual([['a.test']]);
    answer();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told()).toEqual([['a.test'], ['c.test', 'b.test']]);
    answer();
    ask('d.test');
    await vi.advanceTimersByTimeAsync(3_000);
    expect(told()).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(told()).toHaveLength(3);
  });

  it('goes on when nobody answers', async () => {
    ask('a.test');
    await vi.advanceTimersByTimeAsync(2_000);
    ask('b.test');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told()).toEqual([['a.test'], ['b.test']]);
  });

  it('a guest that asks for ever for something new gets a bounded number of bounded notices', async () => {
    for (let second = 0; second < 3_600; second++) {
      ask(...Array.from({ length: 10 }, (_, index) => `h${second}-${index}.test`));
      denied = denied.slice(0, 500);
      await vi.advanceTimersByTimeAsync(1_000);
      answer?.();
    }
    expect(notices.length).toBeLessThanOrEqual(20);
    expect(notices.length).toBeGreaterThan(5);
    expect(Math.max(...notices.map(({ hosts }) => hosts.length))).toBeLessThanOrEqual(20);
  });

  it('says nothing once it is disposed', async () => {
    ask('a.test');
    denials.dispose();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(notices).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('only a host that the user could allow is told of, and only if it is news', () => {
  const rows = [
    row('a.test'),
    row('old.test', { lastAt: 99 }),
    row('allowed.test', { allowed: true }),
    row('private.test', { reason: 'address' }),
    row('gone.test', { reason: 'unresolved' }),
    row('198.51.100.7'),
    row('[2001:db8::1]'),
    row('[Allow](command:x).test'),
  ];
  expect(deniedHosts(rows, 100)).toEqual([{ host: 'a.test', port: 443 }]);
});

it('a rule names the port unless it is one of the web', () => {
  expect(ruleFor({ host: 'a.test', port: 80 })).toBe('a.test');
  expect(ruleFor({ host: 'a.test', port: 443 })).toBe('a.test');
  expect(ruleFor({ host: 'a.test', port: 8443 })).toBe('a.test:8443');
});
