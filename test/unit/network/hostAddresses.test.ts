import { expect, test } from 'vitest';
import { parseHostAddresses } from '../../../src/network/hostAddresses';

const FIB_TRIE = `Main:
  +-- 0.0.0.0/0 3 0 4
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 192.0.2.0/24 2 0 2
        |-- 192.0.2.0
           /24 link UNICAST
        |-- 192.0.2.2
           /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
Local:
        |-- 192.0.2.2
           /32 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
`;
const IF_INET6 = `fe8000000000000000420bfffe3ea080 05 40 20 80  docker0
20010db8000000000000000000000002 04 40 00 82     eth0
`;

test('the host’s own addresses, each once, and nothing else', () => {
  expect(parseHostAddresses(FIB_TRIE + IF_INET6)).toEqual([
    '192.0.2.2/32',
    '127.0.0.1/32',
    'fe80:0000:0000:0000:0042:0bff:fe3e:a080/128',
    '2001:0db8:0000:0000:0000:0000:0000:0002/128',
  ]);
});

test('a host without IPv6 has none', () => {
  expect(
    parseHostAddresses(`${FIB_TRIE}/bin/cat: /proc/net/if_inet6: No such file or directory\n`),
  ).toHaveLength(2);
  expect(parseHostAddresses('')).toEqual([]);
});
