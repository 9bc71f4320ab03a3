import { afterAll, beforeAll, describe, expect } from 'vitest';
import { attack } from '../attack';
import { ALLOWED, hex, OTHER, ProxyWorld } from './proxyWorld';

let world: ProxyWorld;

beforeAll(async () => {
  world = await ProxyWorld.make();
  await world.apply('allowlist');
});
afterAll(() => world?.dispose());

describe('the name in a TLS handshake', () => {
  attack(
    {
      id: 'proxy-forged-answer',
      from: 'guest',
      tries:
        'The name in a TLS handshake to an allowed host has line breaks, and after each a question to the allowlist with the number of another connection’s, which asks for a host that no rule names.',
      holds:
        'squid URL-encodes the name before it asks; the program that decides takes whole questions only. 403 for the other connection, nothing for the handshake.',
      promise: 'allowed-names',
    },
    async () => {
      await world.startAgain();
      const moves: string[] = [];
      for (let round = 0; round < 20; round++) {
        const ids = Array.from({ length: 15 }, (_, index) => 4 + round * 4 + index);
        const lines = ids.map((id) => `\n${id} CONNECT ${ALLOWED} 443 1 - request`).join('');
        moves.push(
          `connect a${round} ${ALLOWED}:443`,
          `head a${round} 10`,
          `hello a${round} 40 ${hex(lines)} ${hex('\n0')}`,
          `connect b${round} ${OTHER}:9443`,
          `head b${round} 10`,
          `bytes b${round} ${hex('secret\n')}`,
          `rest b${round} 0.1`,
        );
      }
      const seen = await world.play(moves);
      const other = seen.filter((line) => /^b\d+ \d{3}$/.test(line));
      expect(seen.filter((line) => /^a\d+ 200$/.test(line))).toHaveLength(20);
      expect(new Set(other.map((line) => line.split(' ')[1]))).toEqual(new Set(['403']));
      expect(other).toHaveLength(20);
      expect((await world.greeted()).filter((line) => line.startsWith('9443'))).toEqual([]);
      return '20 of 20 questions beside it got 403';
    },
  );
});
