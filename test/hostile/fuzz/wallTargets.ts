import { Readable, Writable } from 'node:stream';
import {
  AGENT_MESSAGE_MAX,
  AgentMessageSplitter,
  parseAgentRequest,
  parseIdentities,
  signatureAnswer,
} from '../../../src/credentials/agentMessages';
import { lendableName } from '../../../src/credentials/environmentNames';
import { gitConfigEnvironment } from '../../../src/credentials/gitConfigEnvironment';
import { guestAnswer, hostQuestion, parseGitQuestion } from '../../../src/credentials/gitCredentialRequest';
import { purposeOf } from '../../../src/credentials/signedData';
import { uint32, WireError, wireString } from '../../../src/credentials/wireReader';
import { parseExcludes } from '../../../src/guest/exclude';
import { isInside } from '../../../src/guest/guestPath';
import { parseGuestTree } from '../../../src/guest/tree/listGuestTree';
import { parseHostAddresses } from '../../../src/network/hostAddresses';
import { parseHostPattern, policyText } from '../../../src/network/networkRules';
import { gitRemotes, hostOfAddress, npmRegistries, words } from '../../../src/network/presets';
import { parseLogLine } from '../../../src/network/requestLog';
import { splitBundle } from '../../../src/review/commits/bundle';
import { compatibleRefs, isSafeBranch } from '../../../src/review/commits/refNames';
import { foldName, foldPath } from '../../../src/review/dangers/foldName';
import { gitSettings } from '../../../src/review/dangers/gitSettings';
import { countHidden, hidesMore } from '../../../src/review/dangers/hiddenText';
import { packageRunsOther } from '../../../src/review/dangers/packageScripts';
import { pathDangers } from '../../../src/review/dangers/pathRules';
import { machineOfToken } from '../../../src/review/look/storedReviews';
import { hold, holdPrintable, pieces, refused, refusedLater, type Target } from './fuzz';

const KEY = Buffer.concat([wireString(Buffer.from('ssh-ed25519')), wireString(Buffer.alloc(32, 7))]);
const LOGIN = Buffer.concat([
  wireString(Buffer.alloc(32, 1)),
  Buffer.from([50]),
  ...['git', 'ssh-connection', 'publickey'].map((text) => wireString(Buffer.from(text))),
  Buffer.from([1]),
  wireString(Buffer.from('ssh-ed25519')),
  wireString(KEY),
]);
const SIGN = Buffer.concat([Buffer.from([13]), wireString(KEY), wireString(LOGIN), uint32(0)]);
const IDENTITIES = Buffer.concat([
  Buffer.from([12]),
  uint32(1),
  wireString(KEY),
  wireString(Buffer.from('me@host')),
]);
const HASH = 'a'.repeat(40);
const BUNDLE = `# v2 git bundle\n-${HASH} one\n${HASH} refs/heads/main\n${HASH} HEAD\n\nPACKrest`;
const TREE = `d 755 4096 1.000000000 1.000000000 12 src\0f 644 5 1.000000000 -1.500000000 13 src/a b\0l 777 3 1.000000000 1.000000000 14 src/l\0a b\0! src/x\0end 3\0`;

export const WALL_TARGETS: Target[] = [
  {
    name: 'agent-messages',
    seeds: [wireString(SIGN), wireString(Buffer.from([11])), IDENTITIES, wireString(IDENTITIES), LOGIN],
    words: [
      uint32(0),
      uint32(1),
      uint32(0xffffffff),
      uint32(AGENT_MESSAGE_MAX),
      Buffer.from([13]),
      Buffer.from([11]),
      wireString(KEY),
      Buffer.from('SSHSIG'),
    ],
    check: (input) => {
      const splitter = new AgentMessageSplitter();
      const messages: Buffer[] = [];
      try {
        for (const piece of pieces(input, 50)) {
          messages.push(...splitter.push(piece));
        }
      } catch (error) {
        hold(error instanceof RangeError, 'only an impossible length ends the conversation');
      }
      for (const message of [...messages, input]) {
        const request = parseAgentRequest(message);
        if (request.kind === 'sign') {
          const purpose = purposeOf(request.data, request.blob);
          hold(purpose.kind !== 'login' || purpose.user.length <= 256, 'a name is short');
        }
        purposeOf(message, KEY);
        signatureAnswer(message);
        try {
          hold((parseIdentities(message) ?? []).length <= 2048, 'keys are bounded');
        } catch (error) {
          hold(error instanceof WireError, 'a malformed list is said to be one');
        }
      }
    },
  },
  {
    name: 'git-credential',
    seeds: [
      'protocol=https\nhost=git.example.org\nusername=me\n\n',
      'protocol=https\nhost=example.test:8443\ncapability[]=x\n',
      'protocol=https\nhost=a\nusername=u\npassword=p\n',
    ],
    words: [
      'protocol=',
      'https',
      'host=',
      'username=',
      'password=',
      'url=',
      'quit=1',
      '\n',
      '\n\n',
      '\r',
      '%0a',
      '[]',
      '@',
      ':',
    ],
    check: (input) => {
      const question = parseGitQuestion(input);
      if ('refused' in question) {
        holdPrintable(question.refused, 'a refusal', 200);
      } else {
        const lines = hostQuestion(question).split('\n');
        const count = question.username === undefined ? 4 : 5;
        hold(lines.length === count, 'no field of a guest adds a line to the host’s question');
        hold(
          lines[0] === 'protocol=https' && lines[1] === `host=${question.host}`,
          'the question is for a host, by https',
        );
        hold(/^[a-z0-9.:[\]-]+$/.test(question.host), 'a host is a name');
      }
      const answer = guestAnswer(input.toString(), 'a');
      hold(
        answer === undefined || /^(?:username=[^\n]*\n)?password=[^\n]+\n$/.test(answer),
        'an answer has two fields at most',
      );
      const name = refused(() => lendableName(input.toString()));
      hold(name === undefined || /^\w+$/.test(name), 'a variable’s name is a word');
      const env = gitConfigEnvironment({ GIT_CONFIG_COUNT: input.toString() }, ['a'], 'helper');
      hold(Object.keys(env).length <= 3, 'settings are bounded');
    },
  },
  {
    name: 'git-bundle',
    seeds: [BUNDLE, '# v2 git bundle\n\n', `# v3 git bundle\n@object-format=sha256\n\n`],
    words: ['refs/heads/', HASH, '\n', '\n\n', '-', ' ', '../', '.lock', '@{', 'HEAD', '~', '^'],
    check: async (input) => {
      let refs: { branch: string }[] = [];
      await refusedLater(() =>
        splitBundle(Readable.from(pieces(input, 90)), 32_768, (head) => {
          refs = head.refs;
          return new Writable({ write: (_chunk, _encoding, done) => done() });
        }),
      );
      hold(refs.length <= 500, 'branches are bounded');
      for (const { branch } of refs) {
        hold(
          isInside('/r', `/r/${branch}`) && !/(?:^|\/)[-.]/.test(branch.slice(0, 1)),
          'a branch is a path in the folder of refs',
        );
        hold(!/[\s~^:?*[\\]/.test(branch) && !branch.endsWith('.lock'), 'a branch is a ref’s name');
      }
      isSafeBranch(input.toString());
      const { kept, dropped } = compatibleRefs(refs.map(({ branch }) => ({ branch, hash: HASH })));
      hold(kept.length + dropped.length === refs.length, 'a branch is kept or named as dropped');
    },
  },
  {
    name: 'guest-tree',
    seeds: [TREE, 'end 0\0'],
    words: [
      '\0',
      'd ',
      'f ',
      'l ',
      'o ',
      '! ',
      'end ',
      '644 ',
      '1.000000000 ',
      '../',
      '/',
      '99999999999999999999 ',
    ],
    check: async (input) => {
      const tree = await refusedLater(() =>
        parseGuestTree(Readable.from(pieces(input, 70)), parseExcludes(['*.o'])),
      );
      for (const [path, { mode, size }] of tree?.entries ?? []) {
        hold(
          path.split('/').every((name) => name !== '' && name !== '.' && name !== '..'),
          'a path lies in the folder',
        );
        hold(mode <= 0o7777 && Number.isSafeInteger(size), 'figures are possible');
      }
    },
  },
  {
    name: 'review-dangers',
    seeds: [
      '{"scripts":{"a":"b"},"dependencies":{}}',
      '.git/hooks/pre-commit',
      'a/.VSCODE/tasks.json',
      'GIT~1/config',
      'name\u200b.txt',
      '.gi\u200ct/config',
      'docker-compose.yml',
    ],
    words: [
      '.git',
      '/',
      '.vscode',
      '\u200d',
      '\u{1f468}',
      '\u{e0041}',
      '~1',
      ':',
      '. ',
      '{"scripts":',
      '[',
      '}',
      'a_1',
    ],
    check: (input) => {
      const text = input.toString();
      packageRunsOther(Buffer.from('{}'), input);
      packageRunsOther(input, input);
      hold(countHidden(text) >= 0, 'hidden characters are counted');
      hold(!hidesMore(input, input), 'what is here already hides nothing more');
      gitSettings(text);
      const dangers = pathDangers(text);
      const folded = foldPath(text);
      hold(foldPath(folded) === folded, 'a folded name folds to itself');
      hold(
        !folded.split('/').includes('.git') || dangers.includes('git'),
        'whatever folds to .git is a danger',
      );
      const token = refused(() => machineOfToken(text));
      hold(token === undefined || /^[a-z0-9-]+$/.test(token), 'a token can be part of a path');
      foldName(text);
    },
  },
  {
    name: 'network-rules',
    seeds: [
      'request 1700000000000 CONNECT example.org 443 TCP_TUNNEL 200 - 1234 - splice example.org',
      'open 1700000000000 example.org 443',
      '*.example.org:8443',
      'origin\thttps://git.example.org/x.git (fetch)\n',
      '{"registry":"https://registry.example.test/","@x:registry":"http://a.example.test:81"}',
      'http://198.51.100.1/debian https://user@mirror.example.test:8443/x',
      '  |-- 127.0.0.1\n     /32 host LOCAL\nfe800000000000000000000000000001 02 40 20 80 eth0',
    ],
    words: [
      ' ',
      '.',
      '*.',
      ':',
      '-',
      '%',
      'rule ',
      'end',
      'full',
      '0x7f.1',
      '127.0.0.1',
      '[::1]',
      'localhost',
      '\t',
      ' (fetch)',
      'xn--',
    ],
    check: (input) => {
      const text = input.toString();
      const entry = parseLogLine(text);
      if (entry) {
        holdPrintable(entry.host, 'a host that was asked for', 260);
        hold(
          !/\s/.test(entry.host) && entry.port >= 0 && entry.port <= 65_535,
          'a request has one host and a port',
        );
      }
      const patterns = [
        text,
        ...[...words(text), ...gitRemotes(text), ...npmRegistries(text)].map(hostOfAddress),
      ];
      for (const pattern of patterns) {
        const host = pattern === undefined ? undefined : refused(() => parseHostPattern(pattern));
        if (pattern !== undefined && host) {
          hold(
            /^[a-z0-9_.-]+$/.test(host.name) && !/^[\d.]+$/.test(host.name),
            'a rule names a host, no address',
          );
          const policy = policyText('allowlist', [{ host: pattern, by: 'machine' } as never]);
          hold(/^rule \S+ \d+ \d+\nend\n$/.test(policy), 'a rule is one line of the proxy’s policy');
        }
      }
      hold(
        (refused(() => parseHostAddresses(text)) ?? []).every((address) => /^[0-9a-f.:/]+$/i.test(address)),
        'an address is one',
      );
    },
  },
];
