import { findPlaces } from '../../../src/attach/findPlaces';
import { relativePath as gitRelative, mattersToStatus } from '../../../src/attach/git/gitPaths';
import { guestPathOf, machineIdOf } from '../../../src/attach/machineUri';
import { RankedPaths, splitPlace } from '../../../src/attach/rankPaths';
import { readTaskDefinition } from '../../../src/attach/taskDefinition';
import { makeTargets, packageScripts } from '../../../src/attach/tasks/detectTasks';
import { PROBLEM_MATCHERS } from '../../../src/attach/tasks/problemMatchers';
import { PROBLEMS_MAX, ProblemScanner } from '../../../src/attach/tasks/problemScanner';
import { checkUser, encodeCommand, sessionEnv } from '../../../src/guest/command';
import { isRepositoryName, isSafeHostName } from '../../../src/guest/copy/hostName';
import { parseExcludes } from '../../../src/guest/exclude';
import { checkMatch, type RawMatch } from '../../../src/guest/fileMatch';
import { gitFailure } from '../../../src/guest/git/gitProcess';
import { GitStatusParser } from '../../../src/guest/git/gitStatus';
import { GrepOutput } from '../../../src/guest/grepOutput';
import { checkGuestPath, isEntryName, isInside } from '../../../src/guest/guestPath';
import { parseGuestSample, parseListeningPorts } from '../../../src/guest/guestSampleParser';
import { parseHashes } from '../../../src/guest/hashGuestFiles';
import { InotifyParser } from '../../../src/guest/inotifyParser';
import { parsePrivateKeyText } from '../../../src/guest/keys';
import { LineSplitter } from '../../../src/guest/lineSplitter';
import { NulNames } from '../../../src/guest/listFiles';
import { RipgrepJson } from '../../../src/guest/ripgrepJson';
import { checkAttributes, checkHandle } from '../../../src/guest/sftpSession';
import { quoteProxyArgument, sshHostBlock } from '../../../src/guest/sshConfig';
import { hold, holdPrintable, pieces, refused, type Target } from './fuzz';

const ID = 'a'.repeat(40);
const TRACKED = `1 .M N... 100644 100644 100644 ${ID} ${ID} src/a b.ts\0`;
const STATUS = `# branch.oid ${ID}\0# branch.head main\0# branch.upstream origin/main\0# branch.ab +1 -2\0${TRACKED}2 R. N... 100644 100644 100644 ${ID} ${ID} R097 new\0old\0u UU N... 100644 100644 100644 100644 ${ID} ${ID} ${ID} both\0? x/\0`;
const RIPGREP = `${JSON.stringify({ type: 'match', data: { path: { text: './a/b' }, lines: { text: 'hit\n' }, line_number: 3, submatches: [{ start: 0, end: 3 }] } })}\n${JSON.stringify({ type: 'end', data: {} })}\n`;
const SAMPLE =
  'sample 1000 2 10 20 1000 500 100 2000 300 1 2 3 4 55 2 1 0 0 100 4096 696e6974 77 1000 1 5000 8192 -';
const PORTS = 'ports 2 3000 any 77 6e6f6465 22 loopback 1 73736864';

/** Matches that a search would show, of the same output whole and in pieces. */
function holdMatches(read: (chunks: Buffer[]) => RawMatch[], input: Buffer): void {
  const whole = read([input]);
  hold(JSON.stringify(whole) === JSON.stringify(read(pieces(input))), 'pieces make no difference');
  for (const raw of whole) {
    const match = checkMatch('/workspaces/x', raw);
    if (match) {
      hold(isInside('/workspaces/x', match.path), 'a match lies in the folder');
      hold(match.start >= 0 && match.end >= match.start, 'a match is a range');
      for (const part of [match.before, match.match, match.after]) {
        holdPrintable(part, 'a row', 300);
      }
    }
  }
}

export const GUEST_TARGETS: Target[] = [
  {
    name: 'git-status',
    seeds: [STATUS],
    words: ['\0', '1 ', '2 ', 'u ', '? ', '# branch.head ', ID, 'N...', '100644 ', '.git/', '/.git'],
    check: (input) => {
      const read = (chunks: Buffer[]) => {
        const parser = new GitStatusParser(50);
        for (const chunk of chunks) {
          parser.push(chunk);
        }
        return parser.end();
      };
      const status = read([input]);
      const again = read(pieces(input));
      // A full list is not read on, and where it ends depends on the pieces.
      const same = status.truncated || JSON.stringify(status) === JSON.stringify(again);
      hold(same, 'pieces make no difference');
      hold(status.changes.length <= 50, 'no more changes than the limit');
      for (const { path, originalPath } of status.changes) {
        for (const each of [path, ...(originalPath === undefined ? [] : [originalPath])]) {
          hold(isInside('/r', `/r/${each}`) && each !== '', 'a changed file lies in the work tree');
          hold(!each.split('/').includes('.git'), 'git’s own folder is no change');
        }
      }
      const { name = 'x', upstream = 'x' } = status.branch;
      holdPrintable(name + upstream, 'a branch');
      hold(!name.startsWith('-') && !upstream.startsWith('-'), 'a branch is no option');
    },
  },
  {
    name: 'git-failure',
    seeds: [
      "fatal: detected dubious ownership in repository at '/x'",
      'error: no\u001b[31m',
      '\n\nhook says no',
    ],
    words: ['fatal: ', 'error: ', '\n'],
    check: (input) => {
      const { message, details = '' } = gitFailure('status', 1, input.toString());
      holdPrintable(message, 'a message', 500);
      holdPrintable(details, 'details', 5_000);
    },
  },
  {
    name: 'inotify',
    seeds: [
      'CREATE,ISDIR\0/workspaces/x/a\0MODIFY\0/workspaces/x/a/b\0Q_OVERFLOW\0\0DELETE_SELF\0/workspaces/x/\0',
    ],
    words: ['\0', 'CREATE', 'Q_OVERFLOW', '/workspaces/x/', '/workspaces/x/../', 'ISDIR,'],
    check: (input) => {
      const read = (chunks: Buffer[]) => {
        const parser = new InotifyParser('/workspaces/x');
        return chunks.flatMap((chunk) => parser.push(chunk));
      };
      const events = refused(() => read([input]));
      for (const event of events ?? []) {
        hold(event.overflow || isInside('/workspaces/x', event.change.path), 'a change lies in the folder');
      }
    },
  },
  {
    name: 'grep-output',
    seeds: ['./a\x003:\x1b[1mhit\x1b[m there\n', './a:3:hit\n', 'a\x0012\x00text\n'],
    words: ['\0', ':', '\n', '\x1b[1m', '\x1b[m', './', '9999999999'],
    check: (input) => {
      for (const plain of [true, false]) {
        holdMatches((chunks) => {
          const output = new GrepOutput(plain);
          return chunks.flatMap((chunk) => output.push(chunk));
        }, input);
      }
    },
  },
  {
    name: 'ripgrep-json',
    seeds: [RIPGREP],
    words: [
      '"text":',
      '"bytes":',
      '"start":',
      '"end":',
      '"line_number":',
      '{',
      '}',
      '\n',
      '1e308',
      '-5',
      '[]',
      'null',
    ],
    check: (input) => {
      holdMatches((chunks) => {
        const output = new RipgrepJson();
        return chunks.flatMap((chunk) => output.push(chunk));
      }, input);
    },
  },
  {
    name: 'file-names',
    seeds: ['a\0b/c\0', './x\0'],
    words: ['\0', '/', '..'],
    check: (input) => {
      const read = (chunks: Buffer[]) => {
        const names = new NulNames();
        return chunks.flatMap((chunk) => names.push(chunk));
      };
      const whole = read([input]);
      hold(
        whole.every((name) => name === undefined || name.length <= 4096),
        'a name has at most PATH_MAX',
      );
    },
  },
  {
    name: 'guest-samples',
    seeds: [SAMPLE, PORTS],
    words: [' ', 'any', 'loopback', 'other', '-', '999999999999999', '65535', 'sample', 'ports', '00'],
    check: (input) => {
      const line = input.toString('latin1');
      const sample = refused(() => parseGuestSample(line));
      if (sample) {
        const figures = [
          ...sample.cpuPercent,
          ...Object.values(sample.memory),
          ...Object.values(sample.network),
        ];
        hold(
          figures.every((n) => Number.isFinite(n) && n >= 0),
          'figures are finite and not negative',
        );
        hold(sample.cpuPercent.length <= 256 && sample.processes.length <= 10, 'lists are bounded');
        for (const { name } of sample.processes) {
          holdPrintable(name, 'a process', 65);
        }
      }
      for (const { port, process } of refused(() => parseListeningPorts(line)) ?? []) {
        hold(port > 0 && port <= 65_535 && port !== 22, 'a port is one that can be forwarded');
        holdPrintable(process?.name ?? '', 'a process', 65);
      }
    },
  },
  {
    name: 'sha256-lines',
    seeds: [`${'0'.repeat(64)}  /w/a\n${'1'.repeat(64)}  /w/b\nc\n`],
    words: ['  /w/a\n', '  /w/b\nc\n', '\n', `${'f'.repeat(64)}`],
    check: (input) => {
      const hashes = parseHashes(input, ['a', 'b\nc'], ['/w/a', '/w/b\nc']);
      for (const [name, hash] of hashes) {
        hold(name === 'a' || name === 'b\nc', 'only files that were asked for have a hash');
        hold(/^[0-9a-f]{64}$/.test(hash), 'a hash is one');
      }
    },
  },
  {
    name: 'lines',
    seeds: ['one\ntwo\r\nthree', 'ü'],
    words: ['\n', '\r'],
    check: (input) => {
      const read = (chunks: Buffer[]) => {
        const lines: string[] = [];
        const splitter = new LineSplitter((line) => lines.push(line));
        for (const chunk of chunks) {
          splitter.push(chunk);
        }
        splitter.end();
        return lines;
      };
      hold(
        read([input]).every((line) => !line.includes('\n')),
        'a line is one line',
      );
    },
  },
  {
    name: 'excludes',
    seeds: ['node_modules\n*.log\n!keep.log\n/dist\na/**/z', '**/x\n!**/y\n?.c'],
    words: ['*', '**', '/', '!', '?', '\n', '**/', '/**'],
    check: (input) => {
      const excludes = refused(() => parseExcludes(input.toString().split('\n')));
      const names = [
        'a',
        'a/b/c',
        'a'.repeat(250),
        'a/'.repeat(500).slice(0, -1),
        input.toString().slice(0, 300) || 'x',
      ];
      for (const name of excludes ? names : []) {
        excludes?.excludes(name);
      }
    },
  },
  {
    name: 'guest-paths',
    seeds: ['/workspaces/x/a', 'a/../b', '.', '..', '/workspaces/x//'],
    words: ['/', '.', '..', '\0', '/workspaces/x'],
    check: (input) => {
      const text = input.toString();
      const path = refused(() => checkGuestPath(text));
      hold(path === undefined || (path.startsWith('/') && !path.includes('\0')), 'a path is absolute');
      if (isEntryName(text)) {
        hold(!/[/\0]/.test(text) && text !== '..', 'an entry is one component');
      }
      if (isSafeHostName(text, 'linux')) {
        holdPrintable(text, 'a name for this computer', 255);
        hold(!text.includes('/') && text !== '..', 'a name for this computer is one component');
      }
      isRepositoryName(text);
      const uri = { scheme: 'bulkhead', authority: text, path: `/${text}` };
      hold(machineIdOf(uri) === undefined || /^[a-z0-9-]+$/.test(text), 'an id can be part of a path');
      guestPathOf(uri);
      mattersToStatus('/workspaces/x', `/${text}`);
      gitRelative('/', `/${text}`);
      splitPlace(text);
      const ranked = new RankedPaths();
      ranked.add([text, 'src/main.ts']);
      ranked.best(text.slice(0, 50), 5);
    },
  },
  {
    name: 'guest-commands',
    seeds: ['node\0A=b\0echo hi', 'root:root\0PATH=/x\0a'],
    words: ['\0', '=', 'BULKHEAD_USER', ':', '$', 'x'.repeat(40_000)],
    check: (input) => {
      const [user = '', variable = '', ...argv] = input.toString().split('\0');
      const [name = '', value = ''] = variable.split('=');
      const env = refused(() => sessionEnv({ user }, { [name]: value }));
      hold(env === undefined || !('BULKHEAD_CWD' in env), 'the caller can’t set what steers the session');
      hold(refused(() => checkUser(user)) === undefined || !/[\s/]/.test(user), 'an account is one word');
      const [first = 'x', ...rest] = argv;
      const line = refused(() => encodeCommand({ argv: [first, ...rest] }));
      if (line !== undefined) {
        hold(/^bulkhead-argv [0-9a-f]*$/.test(line), 'a command has nothing for a shell in it');
        const back = Buffer.from(line.slice('bulkhead-argv '.length), 'hex').toString().split('\0');
        hold(JSON.stringify(back) === JSON.stringify([first, ...rest]), 'a command survives its way');
      }
    },
  },
  {
    name: 'sftp-attributes',
    seeds: ['{"mode":33188,"size":5,"mtime":1,"uid":0,"gid":0}', '{"mode":16877,"size":1e30,"mtime":-1}'],
    words: ['"mode":', '"size":', '"mtime":', '1e400', '-1', 'null', '{}', '[]', '"x"'],
    check: (input) => {
      let value: unknown;
      try {
        value = JSON.parse(input.toString());
      } catch {
        value = input.toString();
      }
      const stat = checkAttributes(value);
      const numbers = stat ? [stat.size, stat.mtimeMs, stat.mode, stat.uid, stat.gid] : [];
      hold(
        numbers.every((n) => Number.isSafeInteger(n) && n >= 0),
        'attributes are natural numbers',
      );
      hold((checkHandle(input)?.length ?? 1) <= 256, 'a handle is short');
    },
  },
  {
    name: 'private-key',
    seeds: [
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ==\n-----END OPENSSH PRIVATE KEY-----\n',
    ],
    words: ['AAAA', '////', '\n'],
    check: (input) => {
      refused(() => parsePrivateKeyText(input.toString()));
    },
  },
  {
    name: 'problem-scanner',
    seeds: [
      'src/a.c:3:5: error: no\n',
      "make[1]: Entering directory '/x'\nsrc/a.ts(3,5): error TS1: no\n",
      '/x/a.js\n  3:5  error  no  rule/x\n',
      'error[E0308]: mismatched\n  --> src/a.rs:3:5\n',
    ],
    words: [':', '(', ')', ' error ', '\n', '/', '  ', ' - ', 'TS1', '(['],
    check: (input) => {
      const matchers = Object.values(PROBLEM_MATCHERS);
      const scanner = new ProblemScanner(matchers, '/workspaces/x');
      for (const piece of pieces(input, 400)) {
        scanner.push(piece.toString());
      }
      scanner.end();
      hold(scanner.found.length <= PROBLEMS_MAX, 'problems are bounded');
      for (const { path, message, line, endLine } of scanner.found) {
        hold(
          path.startsWith('/') && !path.includes('/../') && !path.includes('\0'),
          'a problem’s path is clean',
        );
        holdPrintable(message, 'a problem', 1_001);
        hold(line >= 0 && endLine >= line, 'a problem is a range');
      }
    },
  },
  {
    name: 'terminal-places',
    seeds: ['see src/a.ts:3:5, or (b.c:1)', 'File "x/y.py", line 3', 'file:///etc/passwd a(3,4)'],
    words: ['/', '.', ':', '(', ')', 'File "', '", line ', '9'],
    check: (input) => {
      const text = input.toString();
      const places = findPlaces(text);
      hold(places.length <= 12, 'places are bounded');
      hold(
        places.every(({ start, length }) => start >= 0 && start + length <= text.length),
        'a place lies in its line',
      );
    },
  },
  {
    name: 'task-files',
    seeds: [
      '{"scripts":{"build":"tsc","--x":"y","a\\u202eb":"c"}}',
      'all: x\n\techo\nclean::\n.PHONY: a\nb c: d\n',
      '{"type":"bulkhead","command":"x","args":["a"],"cwd":"../..","env":{"A":"b"}}',
    ],
    words: ['"scripts":', '{', '}', ':', '\n', '\\\n', 'all', '-', '\t'],
    check: (input) => {
      const text = input.toString();
      const tasks = [...packageScripts(text, 'npm'), ...makeTargets(text, 'sub')];
      hold(tasks.length <= 200, 'tasks are bounded');
      for (const { name, args } of tasks) {
        holdPrintable(name, 'a task', 300);
        hold(!/[\n\t]/.test(name) && !(args.at(-1) ?? '').startsWith('-'), 'a task’s name is no option');
      }
      let definition: unknown;
      try {
        definition = JSON.parse(text);
      } catch {
        return;
      }
      if (typeof definition === 'object' && definition !== null) {
        const task = refused(() =>
          readTaskDefinition(definition as Record<string, unknown>, '/workspaces/x'),
        );
        hold(task === undefined || task.cwd.startsWith('/'), 'a task’s folder is absolute');
      }
    },
  },
  {
    name: 'ssh-config',
    seeds: ['/home/a b/100%/"q"\\id', "it's %h $HOME `x` \\ ; *"],
    words: ['%', '%%', '"', "'", '\\', ' ', '$', '\n', '${', '#'],
    check: (input) => {
      const text = input.toString();
      const quoted = refused(() => quoteProxyArgument(text, 'linux'));
      if (quoted !== undefined && !/%(?!%)/.test(quoted.replaceAll('%%', ''))) {
        hold(!quoted.includes('\n'), 'an argument stays on its line');
      }
      const block = refused(() =>
        sshHostBlock({
          machineId: 'm',
          identity: { clientKeyFile: text, knownHostsFile: text },
          proxyCommand: [text],
          platform: 'linux',
        }),
      );
      hold(block === undefined || block.split('\n').length === 13, 'no path adds a line to ssh_config');
    },
  },
];
