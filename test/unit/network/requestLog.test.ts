import { describe, expect, it } from 'vitest';
import { parseLogLine } from '../../../src/network/requestLog';

const T = 1_795_255_785_368;

describe('a line of the proxy’s log', () => {
  it('of a request that was let through', () => {
    expect(parseLogLine(`request ${T} GET allowed.test 80 TCP_MISS 200 - 279 - - -`)).toEqual({
      kind: 'request',
      at: T,
      host: 'allowed.test',
      port: 80,
      method: 'GET',
      allowed: true,
      receivedBytes: 279,
    });
    expect(
      parseLogLine(`request ${T} CONNECT allowed.test 443 TCP_TUNNEL 200 - 3142 - splice allowed.test`),
    ).toMatchObject({ allowed: true, receivedBytes: 3142 });
  });

  it.each([
    ['GET denied.test 80 TCP_DENIED 403 403:ERR_BULKHEAD_HOST 436 host - -', 'host'],
    ['GET lan.test 80 TCP_DENIED 403 403:ERR_BULKHEAD_ADDRESS 436 address - -', 'address'],
    ['CONNECT allowed.test 443 NONE_NONE 200 - 0 server-name terminate denied.test', 'server-name'],
    ['CONNECT allowed.test 443 NONE_NONE 200 - 0 - terminate -', 'server-name'],
    ['CONNECT allowed.test 443 NONE_NONE 200 ERR_PROTOCOL_UNKNOWN 0 - peek -', 'protocol'],
    ['TRACE allowed.test 80 TCP_DENIED 403 ERR_ACCESS_DENIED 3288 protocol - -', 'protocol'],
    ['GET gone.test 80 TCP_MISS_ABORTED 503 ERR_DNS_FAIL 3433 - - -', 'unresolved'],
    ['GET dead.test 80 TCP_MISS 503 ERR_CONNECT_FAIL 3433 - - -', 'failed'],
  ])('%s: %s', (rest, reason) => {
    expect(parseLogLine(`request ${T} ${rest}`)).toMatchObject({ allowed: false, reason });
  });

  it('a server’s own refusal is an answer', () => {
    expect(parseLogLine(`request ${T} GET a.test 80 TCP_MISS 404 - 99 - - -`)).toMatchObject({
      allowed: true,
    });
  });

  it('tells of a tunnel’s begin', () => {
    expect(parseLogLine(`open ${T} allowed.test 443`)).toEqual({
      kind: 'open',
      at: T,
      host: 'allowed.test',
      port: 443,
    });
  });

  it('keeps only characters of a host, and a method’s', () => {
    expect(parseLogLine(`request ${T} GET %5B::1%5D 80 TCP_DENIED 403 x 1 host - -`)).toMatchObject({
      host: '[::1]',
    });
    expect(parseLogLine(`request ${T} %1B[2J a.test 80 TCP_DENIED 403 x 1 host - -`)).toMatchObject({
      method: '?',
    });
    for (const host of ['%1B%5D52;c;x%07', 'a%20b', 'a%00b', '%3Cscript%3E', '$(x)', '%E2%80%AEb', '-', '']) {
      expect(parseLogLine(`request ${T} GET ${host} 80 TCP_DENIED 403 x 1 host - -`)).toBeUndefined();
    }
    expect(parseLogLine(`request ${T} GET ${'a'.repeat(1000)} 80 T 403 x 1 host - -`)).toMatchObject({
      host: 'a'.repeat(253),
    });
  });

  it.each([
    '',
    'request',
    `request ${T} - - - NONE_NONE 0 ERR_CLIENT_GONE 0 - - -`,
    `request ${T} CONNECT allowed.test 443 NONE_NONE 200 - 0 - splice allowed.test`,
    `request ${T} GET a.test 0 TCP_MISS 200 - 1 - - -`,
    `request ${T} GET a.test 65536 TCP_MISS 200 - 1 - - -`,
    `request ${T} GET a.test 80 TCP_MISS 200 - -1 - - -`,
    `request ${T} GET a.test 80 TCP_MISS 200 - 1 - - - more`,
    'request 1e9 GET a.test 80 TCP_MISS 200 - 1 - - -',
    `open ${T} a.test`,
    `open ${T} a.test x`,
    `request ${T} GET a.test 80 TCP_MISS 200 - 1 - - ${'x'.repeat(3000)}`,
    '2026/11/21 10:33:08| WARNING: something',
  ])('%j tells nothing', (line) => {
    expect(parseLogLine(line)).toBeUndefined();
  });
});
