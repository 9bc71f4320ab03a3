import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { build } from 'esbuild';

/**
 * Text of a guest or a repo that an expression with a quadratic way through it would take minutes or hours for: each case runs in
 * a process of its own, which is killed after this (ms) and takes no test with it. It takes milliseconds if time is linear.
 */
const HANGS_MS = 60_000;

/** What is read of src, and the call; it must print `done`. */
export const LINEAR_CASES: Record<string, [imported: string, run: string]> = {
  'a Dockerfile of line breaks': [
    "{ needsBuildKit } from './src/image/dockerfile'",
    "needsBuildKit('\\n'.repeat(4 << 20)); needsBuildKit('\\r\\n'.repeat(1 << 20)); needsBuildKit(' '.repeat(1 << 20) + 'RUN');",
  ],
  'a Dockerfile’s images': [
    "{ baseImages } from './src/image/baseImages'",
    "for (const word of ['', 'FROM a', 'ARG a', 'ARG a=', 'FROM --platform=x']) for (const end of ['', '!'])" +
      " for (const many of ['\\n', ' ', '\\r', ' x']) baseImages(word + many.repeat(1 << 19) + end, {});",
  ],
  'a task that prints carriage returns': [
    "{ ProblemScanner } from './src/attach/tasks/problemScanner'",
    "const scanner = new ProblemScanner([], '/w'); for (let i = 0; i < 64; i++) scanner.push('\\r'.repeat(1 << 17) + 'x');",
  ],
  'every problem matcher': [
    "{ PROBLEM_MATCHERS } from './src/attach/tasks/problemMatchers';" +
      "import { ProblemScanner } from './src/attach/tasks/problemScanner'",
    "const lines = ['  1:1  error  x' + ' '.repeat(4000) + '!', ' '.repeat(4000) + '!', ':'.repeat(4000), 'a:1:'.repeat(1000)," +
      "  'a(1' + ',1'.repeat(2000), 'a: line 1, col 1, Error - ' + ' ('.repeat(1900) + '!', 'a.go'.repeat(1000)];" +
      'for (const matcher of Object.values(PROBLEM_MATCHERS)) { const scanner = new ProblemScanner([matcher], "/w");' +
      "  for (const line of lines) scanner.push(('a.js\\n' + line + '\\n').repeat(200)); }" +
      "const scanner = new ProblemScanner([PROBLEM_MATCHERS['$eslint-stylish']], '/w'); scanner.push('a.js\\n');" +
      "for (let i = 0; i < 4000; i++) scanner.push(lines[0] + '\\n');",
  ],
  'a match of a search that has line breaks': [
    "{ checkMatch } from './src/guest/fileMatch'",
    "checkMatch('/w', { path: 'a', line: 1, text: '\\r\\n'.repeat(1 << 19) + 'x' });",
  ],
  'links of a terminal': [
    "{ TerminalFilter } from './src/core/terminalFilter'",
    "const filter = new TerminalFilter(); for (let i = 0; i < 4096; i++) filter.push('\\u001b]8;' + ':'.repeat(4080) + '\\u0007');" +
      "for (let i = 0; i < 4096; i++) filter.push('\\u001b]4' + ';1'.repeat(2000) + '!\\u0007');",
  ],
  'a Makefile of blanks': [
    "{ makeTargets } from './src/attach/tasks/detectTasks'",
    "for (let i = 0; i < 400; i++) makeTargets('a' + ' '.repeat(511 * 1024) + 'b');",
  ],
  'places in a line of a terminal': [
    "{ findPlaces } from './src/attach/findPlaces'",
    "for (let i = 0; i < 4000; i++) findPlaces('.'.repeat(3999) + 'a');",
  ],
  'a .git/config of line breaks': [
    "{ hasNewerForm } from './src/review/commits/hostRepository'",
    "for (const many of ['\\n', '\\r', ' ', '[extensions]\\n', 'objectformat=']) hasNewerForm(many.repeat(1 << 20));",
  ],
  'a host in a settings file': [
    "{ hostNameIn } from './src/settings/repairs'",
    "hostNameIn('a/' + ' '.repeat(1 << 20) + '\\n!'); hostNameIn(' '.repeat(1 << 20) + '@'); hostNameIn('a'.repeat(1 << 20) + '!@');",
  ],
};

/** Runs one in its own process. Resolves with what it printed. @throws if it does not end in time */
export async function runLinearCase([imported, run]: [string, string]): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `import ${imported};\n${run}\nconsole.log('done');`,
      resolveDir: process.cwd(),
      loader: 'js',
    },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    packages: 'external',
    write: false,
  });
  const child = promisify(execFile)(process.execPath, ['-'], { timeout: HANGS_MS, killSignal: 'SIGKILL' });
  child.child.stdin?.end(outputFiles[0]?.text ?? '');
  return (await child).stdout;
}
