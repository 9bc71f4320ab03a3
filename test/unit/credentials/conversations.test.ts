import { type Duplex, duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { converseAsAgent } from '../../../src/credentials/agentConversation';
import {
  AgentMessageSplitter,
  LIST_REQUEST,
  parseIdentities,
  signRequest,
} from '../../../src/credentials/agentMessages';
import type { Verdict } from '../../../src/credentials/confirmations';
import type { SignatureWish } from '../../../src/credentials/credentialUse';
import { converseAboutGit } from '../../../src/credentials/gitConversation';
import { uint32, wireString } from '../../../src/credentials/wireReader';

const key = Buffer.concat([wireString(Buffer.from('ssh-ed25519')), wireString(Buffer.alloc(32, 7))]);
const sign = signRequest({ kind: 'sign', blob: key, data: Buffer.from('data'), flags: 0 });
const FAILED = Buffer.from([5]);

interface Use {
  what: string;
  given: boolean;
  why?: string;
}

/** A guest that talks to the agent of this host. */
function agentGuest(options: {
  confirm?: (wish: SignatureWish, signal: AbortSignal) => Promise<Verdict>;
  granted?: () => boolean;
}) {
  const [guest, host] = duplexPair();
  const signed: Buffer[] = [];
  const uses: Use[] = [];
  const wishes: SignatureWish[] = [];
  const ended = converseAsAgent(host, {
    machineId: 'a-1',
    agent: {
      identities: async () => [{ blob: key, comment: 'jo\u001b[31m@laptop\n' }],
      ask: async (message) => {
        signed.push(message);
        return Buffer.concat([Buffer.from([14]), wireString(Buffer.from('signature'))]);
      },
    },
    granted: async () => options.granted?.() ?? true,
    confirm: async (wish, signal) => {
      wishes.push(wish);
      return options.confirm?.(wish, signal) ?? { allowed: true };
    },
    onUse: (use) => uses.push(use),
  });
  const answers = messagesOf(guest);
  const ask = async (message: Buffer) => {
    guest.write(message);
    return (await answers.next()).value as Buffer | undefined;
  };
  return { guest, ended, ask, signed, uses, wishes };
}

async function* messagesOf(stream: Duplex): AsyncGenerator<Buffer> {
  const splitter = new AgentMessageSplitter();
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    yield* splitter.push(chunk);
  }
}

test('lists, and signs after a yes; the question is one printable line of each', async () => {
  const { ask, signed, uses, wishes, guest, ended } = agentGuest({});
  expect(parseIdentities((await ask(LIST_REQUEST)) ?? FAILED)).toEqual([{ blob: key, comment: '' }]);
  expect((await ask(sign))?.[0]).toBe(14);
  expect(signed).toEqual([sign]);
  expect(wishes[0]).toMatchObject({
    machineId: 'a-1',
    comment: 'jo@laptop ',
    purpose: { kind: 'unknown', bytes: 4 },
  });
  expect(uses).toMatchObject([{ given: true }]);
  guest.end();
  await ended;
});

test('adding, removing, locking and extensions never reach the agent', async () => {
  const { ask, signed } = agentGuest({});
  for (const type of [17, 18, 19, 20, 21, 22, 23, 25, 26, 27, 1, 255]) {
    const message = wireString(Buffer.concat([Buffer.from([type]), wireString(key)]));
    expect(await ask(message)).toEqual(FAILED);
  }
  expect(signed).toEqual([]);
});

test('a no, an unknown key and a grant taken back during the question sign nothing', async () => {
  const denied = agentGuest({ confirm: async () => ({ allowed: false, why: 'it was denied' }) });
  expect(await denied.ask(sign)).toEqual(FAILED);
  expect(denied.uses).toMatchObject([{ given: false, why: 'it was denied' }]);
  const other = signRequest({ kind: 'sign', blob: Buffer.from('other'), data: Buffer.from('x'), flags: 0 });
  expect(await denied.ask(other)).toEqual(FAILED);
  expect(denied.wishes).toHaveLength(1);
  let granted = true;
  const revoked = agentGuest({
    granted: () => granted,
    confirm: async () => {
      granted = false;
      return { allowed: true };
    },
  });
  expect(await revoked.ask(sign)).toEqual(FAILED);
  expect(await revoked.ask(LIST_REQUEST)).toEqual(FAILED);
  expect([...denied.signed, ...revoked.signed]).toEqual([]);
});

test('a program that goes ends its question', async () => {
  let shown: AbortSignal | undefined;
  const { guest, ended, signed } = agentGuest({
    confirm: (_wish, signal) =>
      new Promise((resolve) => {
        shown = signal;
        signal.addEventListener('abort', () => resolve({ allowed: true }));
        guest.destroy();
      }),
  });
  guest.on('error', () => undefined);
  guest.write(sign);
  await ended;
  expect(shown?.aborted).toBe(true);
  expect(signed).toEqual([]);
});

test('more messages than a client sends end the stream', async () => {
  const { guest, ended, signed } = agentGuest({ confirm: () => new Promise(() => undefined) });
  for (let n = 0; n < 20; n++) {
    guest.write(sign);
  }
  await ended;
  expect(signed).toEqual([]);
});

test('an impossible length ends the stream', async () => {
  for (const length of [0, 0x0fff_ffff]) {
    const { guest, ended, uses } = agentGuest({});
    guest.write(uint32(length));
    await ended;
    expect(uses).toMatchObject([{ given: false, why: expect.stringContaining('impossible length') }]);
  }
});

async function gitAnswer(
  question: string,
  options: { granted?: () => string[]; lookUp?: () => Promise<string | undefined> } = {},
) {
  const [guest, host] = duplexPair();
  const uses: Use[] = [];
  const done = converseAboutGit(host, {
    granted: async () => options.granted?.() ?? ['a.test'],
    lookUp: options.lookUp ?? (async ({ host: name }) => `username=jo\npassword=for-${name}\n`),
    onUse: (use) => uses.push(use),
  });
  guest.write(question);
  let text = '';
  for await (const chunk of guest) {
    text += String(chunk);
  }
  await done;
  return { text, uses };
}

test('git gets an answer for a host that is lent, and an empty one for all else', async () => {
  const good = await gitAnswer('protocol=https\nhost=a.test\n\n');
  expect(good).toEqual({
    text: 'username=jo\npassword=for-a.test\n',
    uses: [{ what: 'git credentials for a.test', given: true }],
  });
  for (const question of [
    'protocol=https\nhost=b.test\n\n',
    'protocol=https\nhost=a.test:8443\n\n',
    'protocol=https\nhost=sub.a.test\n\n',
    'protocol=http\nhost=a.test\n\n',
    'nonsense\n\n',
  ]) {
    const { text, uses } = await gitAnswer(question);
    expect(text, question).toBe('');
    expect(uses).toMatchObject([{ given: false }]);
  }
  // A second question on the same stream gets nothing more.
  const twice = await gitAnswer('protocol=https\nhost=a.test\n\nprotocol=https\nhost=a.test\n\n');
  expect(twice.text).toBe(good.text);
});

test('git gets nothing if the host was taken back while its helper was asked, or has none', async () => {
  let granted = ['a.test'];
  const { text, uses } = await gitAnswer('protocol=https\nhost=a.test\n\n', {
    granted: () => granted,
    lookUp: async () => {
      granted = [];
      return 'password=x\n';
    },
  });
  expect(text).toBe('');
  expect(uses).toEqual([{ what: 'git credentials for a.test', given: false, why: 'it was taken back' }]);
  const none = await gitAnswer('protocol=https\nhost=a.test\n\n', { lookUp: async () => undefined });
  expect(none.uses).toMatchObject([{ given: false, why: 'the git of this computer has none' }]);
  const broken = await gitAnswer('protocol=https\nhost=a.test\n\n', {
    lookUp: () => Promise.reject(new Error('no git')),
  });
  expect(broken.uses).toMatchObject([{ given: false, why: 'no git' }]);
});
