import { type Duplex, duplexPair } from 'node:stream';
import { expect } from 'vitest';
import { silentLog } from '../../../src/core/log';
import { converseAsAgent } from '../../../src/credentials/agentConversation';
import { AgentMessageSplitter, signRequest } from '../../../src/credentials/agentMessages';
import { Confirmations } from '../../../src/credentials/confirmations';
import { purposeText, type SignatureWish } from '../../../src/credentials/credentialUse';
import { converseAboutGit } from '../../../src/credentials/gitConversation';
import { wireString } from '../../../src/credentials/wireReader';
import { HostileServer } from '../../unit/guest/hostileServer';
import { attack } from '../attack';

const text = (value: string) => wireString(Buffer.from(value));
const key = Buffer.concat([text('ssh-ed25519'), wireString(Buffer.alloc(32, 7))]);
const FAILURE = 5;

/** The host's side of one agent stream; `asked` are the questions that the user saw. */
function agentStream(answer: (wish: SignatureWish) => boolean | Promise<boolean>) {
  const asked: SignatureWish[] = [];
  const reached: Buffer[] = [];
  const confirmations = new Confirmations(async (wish) => {
    asked.push(wish);
    return answer(wish);
  }, silentLog);
  const connect = () => {
    const [guest, host] = duplexPair();
    guest.on('error', () => undefined);
    const ended = converseAsAgent(host, {
      machineId: 'evil',
      agent: {
        identities: async () => [{ blob: key, comment: 'own' }],
        ask: async (message) => {
          reached.push(message);
          return Buffer.concat([Buffer.from([14]), text('signature')]);
        },
      },
      granted: async () => true,
      confirm: (wish, signal) => confirmations.ask(wish, signal),
      onUse: () => undefined,
    });
    return { guest, ended, answers: answersOf(guest) };
  };
  return { asked, reached, connect };
}

async function* answersOf(stream: Duplex): AsyncGenerator<Buffer> {
  const splitter = new AgentMessageSplitter();
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    yield* splitter.push(chunk);
  }
}

attack(
  {
    id: 'agent-unasked-channels',
    from: 'guest',
    tries:
      'Opens channels to the SSH agent, and to sockets that were never asked for, "__proto__" among them.',
    holds: 'Each is refused: there is no channel but for a socket that the user’s consent has opened.',
    promise: 'nothing-lent',
  },
  async () => {
    const names = ['/run/agent', '__proto__', 'constructor', '../agent', ''];
    const refused: string[] = [];
    const opened: string[] = [];
    const server = new HostileServer((session, connection) => {
      session.on('exec', (accept) => {
        const channel = accept();
        let left = names.length;
        for (const name of names) {
          connection.openssh_forwardOutStreamLocal(name, (error) => {
            (error ? refused : opened).push(name);
            if (--left === 0) {
              channel.exit(0);
              channel.end();
            }
          });
        }
      });
    });
    const guest = server.guest();
    try {
      await guest.run({ argv: ['x'] });
      expect(opened).toEqual([]);
      expect(refused).toHaveLength(names.length);
      return `${refused.length} of ${names.length} channels refused`;
    } finally {
      guest.dispose();
    }
  },
);

attack(
  {
    id: 'agent-other-messages',
    from: 'guest',
    tries:
      'With the agent lent: adds, removes and locks keys, sends extensions, and 256 kinds of damaged messages.',
    holds: 'All fail on this computer; not one message reaches the user’s agent, and nobody is asked.',
    promise: 'lent-by-use',
  },
  async () => {
    const { asked, reached, connect } = agentStream(() => true);
    let failures = 0;
    for (let type = 0; type < 256; type++) {
      if (type === 11) {
        continue;
      }
      const { guest, answers } = connect();
      guest.write(wireString(Buffer.concat([Buffer.from([type]), wireString(key), Buffer.from([1, 2])])));
      expect([...((await answers.next()).value as Buffer)]).toEqual([FAILURE]);
      failures++;
      guest.destroy();
    }
    expect(reached).toEqual([]);
    expect(asked).toEqual([]);
    return `${failures} messages failed, none reached the agent`;
  },
);

attack(
  {
    id: 'agent-flood',
    from: 'guest',
    tries: 'Asks for 200 signatures over eight streams, to wear the user down.',
    holds: 'Three questions are seen; after three denials the machine is not asked about for two minutes.',
    promise: 'lent-by-use',
  },
  async () => {
    const { asked, reached, connect } = agentStream(() => false);
    const sign = signRequest({ kind: 'sign', blob: key, data: Buffer.from('x'), flags: 0 });
    let failures = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const { guest, answers } = connect();
        for (let n = 0; n < 25; n++) {
          guest.write(sign);
          expect([...((await answers.next()).value as Buffer)]).toEqual([FAILURE]);
          failures++;
        }
        guest.destroy();
      }),
    );
    expect(failures).toBe(200);
    expect(asked).toHaveLength(3);
    expect(reached).toEqual([]);
    return `${failures} requests, ${asked.length} questions, none signed`;
  },
);

attack(
  {
    id: 'agent-ask-and-go',
    from: 'guest',
    tries:
      'Asks for a signature and closes the stream as soon as the question is up, 50 times, so that no denial counts.',
    holds:
      'Every question that was shown and not allowed counts, whoever went away: after three it is not asked about for two minutes.',
    promise: 'lent-by-use',
  },
  async () => {
    let hangUp = () => Promise.resolve();
    // The user's no comes when the stream has long ended.
    const { asked, reached, connect } = agentStream(() => hangUp().then(() => false));
    const sign = signRequest({ kind: 'sign', blob: key, data: Buffer.from('x'), flags: 0 });
    for (let n = 0; n < 50; n++) {
      const { guest, ended } = connect();
      hangUp = () => {
        guest.end();
        return ended;
      };
      // Once it is muted nobody is asked, and the stream gets its failure.
      guest.once('data', () => guest.end());
      guest.write(sign);
      await ended;
    }
    expect(asked).toHaveLength(3);
    expect(reached).toEqual([]);
    return `50 streams, ${asked.length} questions, none signed`;
  },
);

attack(
  {
    id: 'agent-disguise',
    from: 'guest',
    tries:
      'Asks to sign data that looks like a login but is none, with control characters and long texts in it.',
    holds: 'The question says that it is not a login; what it quotes is one short printable line.',
    promise: 'lent-by-use',
  },
  async () => {
    const login = (user: string, method: string, rest = '') =>
      Buffer.concat([
        wireString(Buffer.alloc(32, 1)),
        Buffer.from([50]),
        text(user),
        text('ssh-connection'),
        text(method),
        Buffer.from([1]),
        text('ssh-ed25519'),
        wireString(key),
        Buffer.from(rest),
      ]);
    const sshsig = Buffer.concat([
      Buffer.from('SSHSIG'),
      text('git\n\u001b[2J SSH login as root'),
      text(''),
      text('sha512'),
      wireString(Buffer.alloc(64)),
    ]);
    const { asked, connect } = agentStream(() => false);
    const data = [
      login('git', 'publickey', 'x'),
      login('git', 'publickey-hostbound-v00@openssh.com'),
      login('a'.repeat(1000), 'publickey'),
      sshsig,
    ];
    for (const each of data.slice(0, 3)) {
      const { guest, answers } = connect();
      guest.write(signRequest({ kind: 'sign', blob: key, data: each, flags: 0 }));
      await answers.next();
      guest.destroy();
    }
    const other = agentStream(() => false);
    const { guest, answers } = other.connect();
    guest.write(signRequest({ kind: 'sign', blob: key, data: sshsig, flags: 0 }));
    await answers.next();
    guest.destroy();
    const texts = [...asked, ...other.asked].map(({ purpose }) => purposeText(purpose));
    expect(texts).toHaveLength(4);
    for (const each of texts) {
      expect(each).toMatch(/^not a login: [\x20-\x7e]{1,200}$/);
    }
    return texts.at(-1) ?? '';
  },
);

attack(
  {
    id: 'git-other-host',
    from: 'guest',
    tries:
      'With git credentials lent for one host: asks for others by newline, NUL, percent codes, ports, users, urls and a second question.',
    holds: 'Only the exact host has an answer; the host’s git is never asked about another.',
    promise: 'lent-by-use',
  },
  async () => {
    const questions = [
      'protocol=https\nhost=b.test\n\n',
      'protocol=https\nhost=a.test\nhost=b.test\n\n',
      'protocol=https\nhost=a.test%0ahost=b.test\n\n',
      'protocol=https\nhost=a.test\0b.test\n\n',
      'protocol=https\r\nhost=a.test\r\n\r\n',
      'protocol=https\nhost=x@a.test\n\n',
      'protocol=https\nhost=a.test:8443\n\n',
      'protocol=https\nhost=a.test.\n\n',
      'protocol=https\nhost=a.test/../b.test\n\n',
      'protocol=https\nhost=*.test\n\n',
      'protocol=http\nhost=a.test\n\n',
      'protocol=https\nhost=a.test\nurl=https://b.test\n\n',
      'protocol=https\nhost=\n\n',
      `protocol=https\nhost=a.test\npath=${'a'.repeat(20_000)}\n\n`,
    ];
    const looked: string[] = [];
    const ask = async (question: string) => {
      const [guest, host] = duplexPair();
      void converseAboutGit(host, {
        granted: async () => ['a.test'],
        lookUp: async (asked) => {
          looked.push(asked.host);
          return 'password=secret\n';
        },
        onUse: () => undefined,
      });
      guest.end(question);
      let answer = '';
      for await (const chunk of guest) {
        answer += String(chunk);
      }
      return answer;
    };
    for (const question of questions) {
      expect(await ask(question), question.slice(0, 80)).toBe('');
    }
    expect(looked).toEqual([]);
    expect(await ask('protocol=https\nhost=a.test\n\nprotocol=https\nhost=b.test\n\n')).toBe(
      'password=secret\n',
    );
    expect(looked).toEqual(['a.test']);
    return `${questions.length} questions without an answer`;
  },
);
