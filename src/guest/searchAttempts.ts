import { GIT_COLORS, GREP_COLORS, GrepOutput } from './grepOutput';
import { RipgrepJson } from './ripgrepJson';
import type { FileScope, SearchQuery } from './searchQuery';
import type { SearchTools } from './searchTools';

/** One way to search or to list, best first. Always argv: what the user typed never meets a shell. */
export interface Attempt {
  /** As shown to the user. */
  tool: string;
  argv: [string, ...string[]];
  env?: Record<string, string>;
}

export interface SearchAttempt extends Attempt {
  parser: RipgrepJson | GrepOutput;
}

/** Folders that hold no files of the user's, whatever tool looks. */
const NEVER = ['.git'];

/** ripgrep, else git (in a repository), else the image's grep, else the kit's busybox. */
export function searchAttempts(tools: SearchTools, query: SearchQuery): SearchAttempt[] {
  const attempts: SearchAttempt[] = [];
  const { scope } = query;
  const words = query.wholeWord ? ['-w'] : [];
  const letters = query.matchCase ? [] : ['-i'];
  // Perl's expressions know \d and the like; where the tool was built without them, the plainer ones do.
  const dialects = query.regex ? ['-P', '-E'] : ['-F'];
  if (tools.rg) {
    attempts.push({
      tool: 'ripgrep',
      argv: [
        tools.rg,
        ...['--no-config', '--json', '--hidden', '--no-messages'],
        ...(query.matchCase ? ['--case-sensitive'] : ['--ignore-case']),
        ...(query.regex ? [] : ['--fixed-strings']),
        ...(query.wholeWord ? ['--word-regexp'] : []),
        ...ripgrepScope(scope),
        ...['-e', query.text, '--', './'],
      ],
      parser: new RipgrepJson(),
    });
  }
  if (tools.git && scope.useIgnoreFiles) {
    for (const dialect of dialects) {
      attempts.push({
        tool: 'git grep',
        argv: [
          ...gitCommand(tools.git),
          ...GIT_COLORS,
          ...['-c', 'color.grep.match=bold', 'grep', '--untracked', '--exclude-standard', '--color=always'],
          ...['--no-column', '--no-heading', '--no-break', '-z', '-n', '-I'],
          ...[dialect, ...words, ...letters, '-e', query.text, '--', '.'],
        ],
        parser: new GrepOutput(false),
      });
    }
  }
  if (tools.grep) {
    for (const dialect of dialects) {
      attempts.push({
        tool: 'grep',
        argv: [
          ...([tools.grep, '-r', '-n', '-I', '-Z', '-s', '-H', '--color=always'] as const),
          ...grepScope(scope),
          ...[dialect, ...words, ...letters, '-e', query.text, '--', './'],
        ],
        env: { GREP_COLORS },
        parser: new GrepOutput(false),
      });
    }
  }
  const options = query.regex ? '-HnsE' : '-HnsF';
  attempts.push({
    tool: 'busybox grep',
    argv: [
      ...([tools.busybox, 'find', '.'] as const),
      ...findScope(scope),
      ...['-exec', tools.busybox, 'grep', options, ...words, ...letters, '-e', query.text, '--', '{}', '+'],
    ],
    parser: new GrepOutput(true),
  });
  return attempts;
}

/** Each prints relative paths, ended with NUL. */
export function listAttempts(tools: SearchTools, scope: FileScope): Attempt[] {
  const find = (path: string, applet: string[]): [string, ...string[]] => [
    path,
    ...applet,
    '.',
    ...findScope(scope),
    '-print0',
  ];
  return [
    ...(tools.rg
      ? [
          {
            tool: 'ripgrep',
            argv: [
              tools.rg,
              ...['--no-config', '--files', '--null', '--hidden', '--no-messages'],
              ...ripgrepScope(scope),
              './',
            ] as [string, ...string[]],
          },
        ]
      : []),
    ...(tools.git && scope.useIgnoreFiles
      ? [
          {
            tool: 'git ls-files',
            argv: [...gitCommand(tools.git), 'ls-files', '-z', '-c', '-o', '--exclude-standard'] as [
              string,
              ...string[],
            ],
          },
        ]
      : []),
    ...(tools.find ? [{ tool: 'find', argv: find(tools.find, []) }] : []),
    { tool: 'busybox find', argv: find(tools.busybox, ['find']) },
  ];
}

function gitCommand(git: string): [string, ...string[]] {
  // A monitor that the repository names would be a program of its own that stays behind.
  return [git, '--no-pager', '--no-optional-locks', '-c', 'core.fsmonitor=false'];
}

/** All patterns are checked again on our side (`scopeFilter`); what is passed on only saves work. */
function ripgrepScope(scope: FileScope): string[] {
  const include = scope.include.every(isPlain)
    ? scope.include.flatMap((glob) => [glob, `${glob.replace(/\/+$/, '')}/**`])
    : [];
  return [
    ...(scope.useIgnoreFiles ? [] : ['--no-ignore']),
    ...include.flatMap((glob) => ['--glob', glob]),
    ...[...NEVER, ...scope.exclude.filter(isPlain)].flatMap((glob) => ['--glob', `!${glob}`]),
  ];
}

function grepScope(scope: FileScope): string[] {
  const names = [...NEVER, ...scope.exclude.map(nameOf)].filter((name) => name !== undefined);
  return [
    ...names.flatMap((name) => [`--exclude-dir=${name}`, `--exclude=${name}`]),
    ...(scope.include.every(isSuffix) ? scope.include.map((glob) => `--include=${glob}`) : []),
  ];
}

function findScope(scope: FileScope): string[] {
  const names = [...NEVER, ...scope.exclude.map(nameOf)].filter((name) => name !== undefined);
  const include = scope.include.every(isSuffix) ? scope.include : [];
  return [
    ...['(', ...names.flatMap((name, at) => [...(at > 0 ? ['-o'] : []), '-name', name]), ')', '-prune'],
    ...['-o', '-type', 'f'],
    ...(include.length > 0
      ? ['(', ...include.flatMap((glob, at) => [...(at > 0 ? ['-o'] : []), '-name', glob]), ')']
      : []),
  ];
}

/** Means the same to ripgrep as to us. */
function isPlain(glob: string): boolean {
  return /^[^[\]{}\\!]+$/.test(glob);
}

/** `*.ts`: a file's name and nothing else, for us as for grep and find. */
function isSuffix(glob: string): boolean {
  return /^\*\.[A-Za-z0-9_.-]+$/.test(glob);
}

/** The name at any depth that a pattern stands for (`node_modules`, as VS Code writes it: `**` + `/node_modules`), if it is one. */
function nameOf(glob: string): string | undefined {
  const name = glob.replace(/^(\*\*\/)+/, '').replace(/\/+$/, '');
  return /^[^/[\]{}\\!]+$/.test(name) && (name === glob || glob.startsWith('**/') || glob.endsWith('/'))
    ? name
    : undefined;
}
