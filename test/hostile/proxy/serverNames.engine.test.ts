import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';
import { attack } from '../attack';
import { ALLOWED, hex, OTHER, ProxyWorld, YOUNG_SECONDS } from './proxyWorld';

/** Names that are not the allowed one, though they begin or end with it, or are made to be taken apart. */
const ODD_NAMES = [
  '',
  OTHER,
  `${ALLOWED}\n`,
  `\n${ALLOWED}`,
  `${ALLOWED}\r\n7 OK`,
  `x ${ALLOWED}`,
  `${ALLOWED} tls`,
  `${ALLOWED}\t`,
  `${ALLOWED}%0a`,
  '%61llowed.test',
  'allowed%2etest',
  `${ALLOWED}\0`,
  `${ALLOWED}\0.other.test`,
  `other.test\0${ALLOWED}`,
  `${ALLOWED}.`,
  `.${ALLOWED}`,
  `*.test`,
  'allowed\u00e9.test',
  '"allowed.test"',
  `${OTHER},${ALLOWED}`,
];

let world: ProxyWorld;
/** Lines that the servers had printed when a test began. */
let before = 0;

beforeAll(async () => {
  world = await ProxyWorld.make();
});
afterAll(() => world?.dispose());
beforeEach(async () => {
  await world.startAgain();
  before = (await world.greeted()).length;
});

const tunnels = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${name}${index}`);
const open = (id: string) => [`connect ${id} ${ALLOWED}:443`, `head ${id} 10`];
const hello = (id: string, name: string) => `hello ${id} ${name === '' ? '0 00' : `1 ${hex(name)}`}`;

/** What the server was sent on 443 since this test began, by its first bytes: of a connection that was only opened there are none. */
async function handshakes(): Promise<string[]> {
  return (await world.greeted()).slice(before).filter((line) => /^443 [1-9]/.test(line));
}

/** The way is open for who is honest: an attack that got nothing through did not just meet a dead proxy. */
async function honest(): Promise<void> {
  expect(await handshakes()).toEqual([]);
  const seen = await world.play([...open('honest'), hello('honest', ALLOWED), 'rest honest 2']);
  expect(seen.join('\n')).toMatch(/^honest 200\nhonest got 12 reached_443_$/);
  expect(await handshakes()).toHaveLength(1);
}

describe('the name in a TLS handshake', () => {
  attack(
    {
      id: 'proxy-forged-answer',
      from: 'guest',
      tries:
        'The name in a TLS handshake to an allowed host has line breaks, and after each a question to the allowlist with the number of another connection’s, which asks for a host that no rule names.',
      holds:
        'squid hands the handshake on as base64; the program that decides takes whole questions only, and reads the name itself. 403 for the other connection, nothing for the handshake.',
      promise: 'allowed-names',
    },
    async () => {
      const rounds = tunnels('', 20).map(Number);
      const moves = rounds.flatMap((round) => {
        const ids = Array.from({ length: 15 }, (_, index) => 4 + round * 4 + index);
        const lines = ids.map((id) => `\n${id} CONNECT ${ALLOWED} 443 1 - request`).join('');
        return [
          ...open(`a${round}`),
          `hello a${round} 40 ${hex(lines)} ${hex('\n0')}`,
          `connect b${round} ${OTHER}:9443`,
          `head b${round} 10`,
          `bytes b${round} ${hex('secret\n')}`,
          `rest b${round} 0.1`,
        ];
      });
      const seen = await world.play(moves);
      expect(seen.filter((line) => /^a\d+ 200$/.test(line))).toHaveLength(rounds.length);
      const answers = seen.filter((line) => /^b\d+ (\d{3}|-)$/.test(line));
      expect(answers).toEqual(rounds.map((round) => `b${round} 403`));
      expect((await world.greeted()).filter((line) => line.startsWith('9443'))).toEqual([]);
      expect(await handshakes()).toEqual([]);
      await honest();
      return `${rounds.length} of ${rounds.length} questions beside it got 403`;
    },
  );

  attack(
    {
      id: 'proxy-odd-names',
      from: 'guest',
      tries:
        'In a tunnel to an allowed host, handshakes for names with line breaks, spaces, percent signs, NUL, dots and quotes around the allowed one, and one of 60 KB.',
      holds: 'Only the very name that was asked for goes on: the server gets no byte of the others.',
      promise: 'allowed-names',
    },
    async () => {
      const moves = ODD_NAMES.flatMap((name, index) => [...open(`o${index}`), hello(`o${index}`, name)]);
      const long = [...open('long'), `hello long 15000 ${hex('abc.')} ${hex(ALLOWED)}`];
      const ids = [...ODD_NAMES.map((_, index) => `o${index}`), 'long'];
      const seen = await world.play([...moves, ...long, ...ids.map((id) => `rest ${id} 2`)]);
      expect(seen.filter((line) => line.endsWith(' 200'))).toHaveLength(ids.length);
      expect(await handshakes()).toEqual([]);
      await honest();
      return `${ids.length} of ${ids.length} handshakes went nowhere`;
    },
  );

  attack(
    {
      id: 'proxy-encoded-host',
      from: 'guest',
      tries: 'Asks for an allowed host with a percent-encoded letter, dot or line break in its name.',
      holds: 'No host that is allowed has a percent sign: 403 or 400, and nothing is decoded on the way.',
      promise: 'allowed-names',
    },
    async () => {
      const hosts = [
        '%61llowed.test',
        'allowed%2etest',
        `${ALLOWED}%0a`,
        `${ALLOWED}%00`,
        `x%0a5%20${ALLOWED}`,
      ];
      const moves = hosts.flatMap((host, index) => [`connect p${index} ${host}:443`, `head p${index} 10`]);
      const answers = await world.play(moves);
      expect(answers).toHaveLength(hosts.length);
      for (const answer of answers) {
        expect(answer).toMatch(/^p\d (403|400)$/);
      }
      await honest();
      return answers.join(', ');
    },
  );
});

describe('the program that decides', () => {
  attack(
    {
      id: 'proxy-flooded-helper',
      from: 'guest',
      tries:
        'Names of 60 KB flood the program that decides, with a line break in each, and at the same moment handshakes for another name hope for a tunnel whose question nobody answers.',
      holds:
        'Names are cut before they are asked about, and no input ends the program. The server gets no byte.',
      promise: 'allowed-names',
    },
    async () => {
      const helper = await world.helper();
      const moves = tunnels('', 6).flatMap((round) => {
        const [floods, others] = [tunnels(`f${round}_`, 6), tunnels(`e${round}_`, 8)];
        return [
          ...[...floods, ...others].flatMap(open),
          ...floods.map((id) => `hello ${id} 20000 ${hex('b')} ${hex('\nz\n')}`),
          ...others.map((id) => hello(id, OTHER)),
          ...[...floods, ...others].map((id) => `rest ${id} 1`),
        ];
      });
      await world.play([`sleep ${YOUNG_SECONDS}`, ...moves]);
      expect(await handshakes()).toEqual([]);
      expect(await world.helper()).toBe(helper);
      await honest();
      return '36 floods, 48 handshakes for another name, none went on';
    },
  );

  attack(
    {
      id: 'proxy-killed-helper',
      from: 'guest',
      tries:
        'As if the guest had found a way to end the program that decides: it hangs, handshakes for another name wait for its answer, and it is killed.',
      holds:
        'A question without an answer is a refusal: the server gets no byte. The one that squid starts in its place cuts every connection that it does not know.',
      promise: 'allowed-names',
    },
    async () => {
      const others = tunnels('k', 12);
      const killing = world.killHelper();
      const seen = await world.play([
        ...open('idle'),
        ...others.flatMap(open),
        `sleep ${YOUNG_SECONDS + 3}`,
        ...others.map((id) => hello(id, OTHER)),
        // By then it is dead; squid starts the next one when it has a question.
        'sleep 6',
        ...open('next'),
        'sleep 1',
        'ended idle',
        'ended next',
        ...others.map((id) => `rest ${id} 1`),
      ]);
      await killing;
      expect(seen.filter((line) => line.endsWith(' 200')).length).toBeGreaterThan(others.length);
      // What the one before let through could not be taken back by the next.
      expect(seen).toContain('idle ended');
      expect(await world.proxyLog()).toContain('external_acl_type #Hlpr1 exited');
      expect(await handshakes()).toEqual([]);
      await honest();
      return `${others.length} handshakes waited for its answer, none went on`;
    },
  );
});
