import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { policyText } from '../../../src/network/networkRules';
import { clientHello } from '../../integration/fixtures/clientHello';

const PROGRAM = resolve(__dirname, '../../../guest/proxy/decide.pl');

let folder: string;
let child: ChildProcessWithoutNullStreams | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-decide-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => void child?.kill());

/** squid's side of the conversation with the program that decides. */
function start() {
  const policy = join(folder, 'policy');
  const started = spawn('perl', [PROGRAM], { env: { ...process.env, BULKHEAD_POLICY: policy } });
  child = started;
  const answers = createInterface({ input: started.stdout })[Symbol.asyncIterator]();
  const ask = async (...fields: string[]) => {
    started.stdin.write(`7 ${fields.join(' ')}\n`);
    const { value } = await answers.next();
    return value === '7 OK';
  };
  const rules = (text: string) => writeFile(policy, text);
  /** Whatever bytes, and how many lines of answers they get. */
  const raw = async (bytes: string, answered: number) => {
    started.stdin.write(bytes);
    const said: string[] = [];
    while (said.length < answered) {
      said.push(String((await answers.next()).value));
    }
    return said;
  };
  return { ask, rules, raw };
}

const vector = (size: 1 | 2, content: Buffer) => {
  const length = Buffer.alloc(size);
  length.writeUIntBE(content.length, 0, size);
  return Buffer.concat([length, content]);
};

/** A ClientHello with these server names, in records of `record` bytes, as squid hands it on. */
function handshake(names: string[], { record = 16_384 } = {}): string {
  const entries = names.map((name) => Buffer.concat([Buffer.of(0), vector(2, Buffer.from(name, 'latin1'))]));
  const serverName = Buffer.concat([Buffer.of(0, 0), vector(2, vector(2, Buffer.concat(entries)))]);
  const groups = Buffer.from('000a00060004001d0017', 'hex');
  const hello = Buffer.concat([
    Buffer.of(3, 3),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(32)),
    vector(2, Buffer.of(0x13, 1)),
    vector(1, Buffer.of(0)),
    vector(2, Buffer.concat([groups, ...(names.length > 0 ? [serverName] : [])])),
  ]);
  const message = Buffer.concat([Buffer.of(1, 0), vector(2, hello)]);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += record) {
    records.push(Buffer.of(22, 3, 1), vector(2, message.subarray(at, at + record)));
  }
  return Buffer.concat(records).toString('base64');
}

const rule = (host: string, until?: number) => ({
  host,
  from: 'machine' as const,
  ...(until !== undefined && { until }),
});

describe('what is let through', () => {
  it.each([
    ['GET', 'example.org', '80', true],
    ['CONNECT', 'example.org', '443', true],
    ['GET', 'EXAMPLE.org', '80', true],
    ['CONNECT', 'example.org', '80', false],
    ['GET', 'example.org', '443', false],
    ['CONNECT', 'example.org', '22', false],
    ['GET', 'a.example.org', '80', false],
    ['GET', 'notexample.org', '80', false],
    ['GET', 'example.org.evil.test', '80', false],
    ['GET', 'a.below.test', '80', true],
    ['GET', 'a.b.below.test', '80', true],
    ['GET', 'below.test', '80', false],
    ['GET', 'xbelow.test', '80', false],
    ['CONNECT', 'port.test', '8443', true],
    ['GET', 'port.test', '8443', true],
    ['CONNECT', 'port.test', '443', false],
    ['CONNECT', 'gone.test', '443', false],
    ['CONNECT', 'later.test', '443', true],
    ['GET', '192.0.2.1', '80', false],
    ['GET', '%5B::1%5D', '80', false],
    ['GET', 'example.org%0Arule', '80', false],
    ['GET', '%65xample.org', '80', false],
    ['GET', '-', '80', false],
    ['GET', 'example.org', '-', false],
  ])('%s %s:%s %s', async (method, host, port, expected) => {
    const { ask, rules } = start();
    await rules(
      policyText('allowlist', [
        rule('example.org'),
        rule('*.below.test'),
        rule('port.test:8443'),
        rule('gone.test', Date.now() - 1),
        rule('later.test', Date.now() + 600_000),
      ]),
    );
    expect(await ask(method, host, port, '40000', '-', 'request')).toBe(expected);
  });

  it('a TLS handshake must name the host that was asked for', async () => {
    const { ask, rules } = start();
    await rules(policyText('allowlist', [rule('example.org'), rule('other.test')]));
    const tls = (handshake: string) => ask('CONNECT', 'example.org', '443', '40000', handshake, 'tls');
    const real = async (name: string) => (await clientHello(name)).toString('base64');
    expect(await tls(await real('example.org'))).toBe(true);
    expect(await tls(await real('other.test'))).toBe(false);
    expect(await tls('-')).toBe(false);
    expect(await tls(handshake(['example.org']))).toBe(true);
    expect(await tls(handshake(['Example.org']))).toBe(true);
    expect(await tls(handshake(['example.org'], { record: 40 }))).toBe(true);
    for (const names of [
      [],
      ['example.org\0'],
      ['example.org\0.other.test'],
      ['example.org.'],
      ['example.org', 'other.test'],
      ['example.org', 'example.org'],
    ]) {
      expect(await tls(handshake(names)), names.join()).toBe(false);
    }
    const whole = Buffer.from(handshake(['example.org']), 'base64');
    for (let length = 0; length < whole.length; length++) {
      expect(await tls(whole.subarray(0, length).toString('base64') || '='), `${length} bytes of it`).toBe(
        false,
      );
    }
    expect(await tls(`${whole.toString('base64')}=`)).toBe(true);
    for (const [at, byte] of [
      [0, 23],
      [5, 2],
      [1, 2],
    ] as const) {
      const changed = Buffer.from(whole);
      changed[at] = byte;
      expect(await tls(changed.toString('base64'))).toBe(false);
    }
  });

  it('in `full` it is everything, unguarded', async () => {
    const { ask, rules } = start();
    await rules(policyText('full', []));
    expect(await ask('CONNECT', '192.0.2.1', '22', '40000', '-', 'request')).toBe(true);
    expect(await ask('CONNECT', '192.0.2.1', '443', '40000', '-', 'tls')).toBe(true);
    expect(await ask('GET', 'a.test', '80', '40000', '-', 'unguarded')).toBe(true);
    await rules(policyText('allowlist', []));
    expect(await ask('GET', 'a.test', '80', '40000', '-', 'unguarded')).toBe(false);
    expect(await ask('GET', 'a.test', '80', '40000', '-', 'request')).toBe(false);
  });

  it('a changed policy counts from the next request on', async () => {
    const { ask, rules } = start();
    const asked = () => ask('GET', 'a.test', '80', '40000', '-', 'request');
    expect(await asked()).toBe(false);
    await rules(policyText('allowlist', [rule('a.test')]));
    expect(await asked()).toBe(true);
    await rules(policyText('allowlist', [rule('b.test')]));
    expect(await asked()).toBe(false);
  });

  it.each([
    ['no policy', ''],
    ['half of one', 'rule a.test 0 0\n'],
    ['one with a line that is none', 'rule a.test 0 0\nrule\nend\n'],
    ['one with more after its end', 'rule a.test 0 0\nend\nfull\n'],
    ['a wish for everything in a wrong line', 'full now\nend\n'],
  ])('%s allows nothing', async (_name, text) => {
    const { ask, rules } = start();
    await rules(text);
    expect(await ask('GET', 'a.test', '80', '40000', '-', 'request')).toBe(false);
  });
});

describe('what is no question', () => {
  const QUESTION = 'CONNECT example.org 443 40000';

  it.each([
    ['a handshake that is not base64', `${QUESTION} example%2eorg tls`],
    ['one that is too long', `${QUESTION} ${'a'.repeat(20_001)} request`],
    ['one field too many', `${QUESTION} - - request`],
    ['one too few', `${QUESTION} request`],
    ['two spaces', `CONNECT  example.org 443 40000 - request`],
    ['another question', `${QUESTION} - guarded`],
    ['more after it', `${QUESTION} - request\r`],
    ['a port that is none', 'CONNECT example.org 443x 40000 - request'],
    ['nothing', ''],
  ])('%s gets no OK', async (_name, line) => {
    const { rules, raw, ask } = start();
    for (const text of [policyText('allowlist', [rule('example.org')]), policyText('full', [])]) {
      await rules(text);
      expect(await raw(`12 ${line}\n`, 1)).toEqual(['12 ERR']);
      expect(await ask('CONNECT', 'example.org', '443', '40000', '-', 'request')).toBe(true);
    }
  });

  it('lines without a number are passed over, and those after them answered', async () => {
    const { rules, raw } = start();
    await rules(policyText('allowlist', [rule('example.org')]));
    const ask = (id: string) => `${id} ${QUESTION} - request\n`;
    expect(await raw(`\n\nX\n${ask('a7')}${ask('')}${ask('-1')}${ask('3')}`, 1)).toEqual(['3 OK']);
  });

  it('a line without an end does not end the program, and gets one answer', async () => {
    const { rules, raw } = start();
    await rules(policyText('allowlist', [rule('example.org')]));
    const long = `5 ${QUESTION} ${'b'.repeat(300_000)} tls\n`;
    expect(await raw(`${long}6 ${QUESTION} - request\n`, 2)).toEqual(['5 ERR', '6 OK']);
  });
});
