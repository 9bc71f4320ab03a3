import { expect, test } from 'vitest';
import { parseHostAddresses } from '../../../src/network/hostAddresses';

const V4 = `local 127.0.0.0/8 dev lo proto kernel scope host src 127.0.0.1 
local 127.0.0.1 dev lo proto kernel scope host src 127.0.0.1 
local 192.0.2.2 dev eth0 proto kernel scope host src 192.0.2.2 
local 192.0.2.2 dev eth1 proto kernel scope host src 192.0.2.2 `;
const V6 = `local ::1 dev lo proto kernel metric 0 pref medium
local 2001:db8::2 dev eth0 proto kernel metric 0 pref medium
local fe80::42:bff:fe3e:a080 dev docker0 proto kernel metric 0 pref medium
local 2001:db8:1::/64 dev lo metric 1024 pref medium
local ::ffff:192.0.2.2 dev lo metric 1024 pref medium`;

const list = (...parts: string[]) => ['begin', ...parts, 'end'].join('\n');

test('the host’s own addresses and ranges, each once, and nothing else', () => {
  expect(parseHostAddresses(list(V4, V6))).toEqual([
    '127.0.0.0/8',
    '127.0.0.1/32',
    '192.0.2.2/32',
    '::1/128',
    '2001:db8::2/128',
    'fe80::42:bff:fe3e:a080/128',
    '2001:db8:1::/64',
    '::ffff:192.0.2.2/128',
  ]);
  expect(parseHostAddresses(list(V4))).toHaveLength(3);
});

test.each([
  ['nothing', ''],
  ['none', list()],
  ['a list whose beginning is missing', `${V4}\nend`],
  ['a list whose end is missing', `begin\n${V4}`],
  ['a complaint in it', list(V4, 'Error: ipv6: FIB table does not exist.')],
  ['another kind of route', list('broadcast 192.0.2.255 dev eth0')],
  ['an address that is none', list('local example.org dev eth0')],
  ['an option for ip', list('local -6 dev eth0')],
  [
    'more than can be walled off',
    list(...Array.from({ length: 900 }, (_, i) => `local 2001:db8::${i.toString(16)} dev eth0`)),
  ],
])('%s is an error, not a shorter list', (_name, text) => {
  expect(() => parseHostAddresses(text)).toThrow();
});
