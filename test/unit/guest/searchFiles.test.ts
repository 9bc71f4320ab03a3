import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FileMatch } from '../../../src/guest/fileMatch';
import { listFiles } from '../../../src/guest/listFiles';
import { searchFiles } from '../../../src/guest/searchFiles';
import type { FileScope, SearchQuery } from '../../../src/guest/searchQuery';
import { type SearchTools, searchTools } from '../../../src/guest/searchTools';
import { OpenSshServer } from './openSshServer';

const SCOPE: FileScope = { include: [], exclude: ['**/node_modules'], useIgnoreFiles: true };
const query = (text: string, more: Partial<SearchQuery> = {}): SearchQuery => ({
  text,
  regex: false,
  matchCase: false,
  wholeWord: false,
  scope: SCOPE,
  ...more,
});

describe('search in a folder, against real tools', () => {
  let server: OpenSshServer;
  let guest: ReturnType<OpenSshServer['guest']>;
  let folder: string;
  let all: SearchTools;
  const signal = () => AbortSignal.timeout(60_000);

  beforeAll(async () => {
    server = await OpenSshServer.start();
    guest = server.guest();
    folder = join(server.home, 'project');
    await mkdir(join(folder, 'src'), { recursive: true });
    await mkdir(join(folder, 'node_modules/dep'), { recursive: true });
    await writeFile(join(folder, 'src/main.ts'), 'const one = 1;\n  export const Needle = "needle42";\n');
    await writeFile(join(folder, 'src/odd\nname.txt'), 'a needle-like thing\n');
    await writeFile(join(folder, '-e $(id) `x` "q".txt'), 'NEEDLE\n');
    await writeFile(join(folder, 'node_modules/dep/index.js'), 'needle\n');
    await writeFile(join(folder, 'ignored.log'), 'needle\n');
    await writeFile(join(folder, '.gitignore'), '*.log\n');
    await writeFile(join(folder, 'binary'), Buffer.from('needle\0\x01\x02'));
    await symlink('/etc', join(folder, 'out'));
    execFileSync('git', ['init', '-q', folder]);
    all = await searchTools(guest);
  });
  afterAll(async () => {
    guest.dispose();
    await server.stop();
  });

  const search = async (wanted: SearchQuery, tools: SearchTools, limit?: number) => {
    const matches: FileMatch[] = [];
    const summary = await searchFiles(guest, folder, wanted, {
      signal: signal(),
      tools,
      onMatches: (found) => matches.push(...found),
      ...(limit !== undefined && { limit }),
    });
    return { matches, summary, found: matches.map(({ relative, line }) => `${relative}:${line}`).sort() };
  };
  const only = (...names: (keyof SearchTools)[]): SearchTools => ({
    busybox: all.busybox,
    ...Object.fromEntries(names.map((name) => [name, all[name]])),
  });

  it('finds git, grep and find on the guest’s PATH', () => {
    expect(all.git).toMatch(/^\/.*\/git$/);
    expect(all.grep).toMatch(/^\/.*\/grep$/);
    expect(all.find).toMatch(/^\/.*\/find$/);
  });

  it.each([
    ['git grep', ['git'], []],
    ['grep', ['grep'], ['ignored.log:1']],
  ] as const)('%s: text, with the match’s place', async (tool, names, more) => {
    const { matches, summary, found } = await search(query('needle'), only(...names));
    expect(summary).toMatchObject({ tool, end: 'complete', skipped: 0 });
    expect(found).toEqual(['-e $(id) `x` "q".txt:1', ...more, 'src/main.ts:2', 'src/odd\nname.txt:1'].sort());
    const main = matches.find(({ relative }) => relative === 'src/main.ts');
    expect(main).toEqual({
      path: join(folder, 'src/main.ts'),
      relative: 'src/main.ts',
      line: 2,
      start: 15,
      end: 21,
      before: 'export const ',
      match: 'Needle',
      after: ' = "needle42";',
    });
  });

  it('busybox of the kit searches where the image has nothing', async () => {
    const { summary, found } = await search(query('needle'), only());
    expect(summary).toMatchObject({ tool: 'busybox grep', end: 'complete' });
    // A name with a newline can't be read from its output; nothing is read wrong.
    expect(found).toEqual(['-e $(id) `x` "q".txt:1', 'ignored.log:1', 'src/main.ts:2']);
  });

  it.each([
    ['git', ['git']],
    ['grep', ['grep']],
    ['busybox', []],
  ] as const)('%s: expression, case, whole word, include and exclude', async (_name, names) => {
    const tools = only(...names);
    expect((await search(query('need.e[0-9]+', { regex: true }), tools)).found).toEqual(['src/main.ts:2']);
    expect((await search(query('NEEDLE', { matchCase: true }), tools)).found).toEqual([
      '-e $(id) `x` "q".txt:1',
    ]);
    expect((await search(query('like', { wholeWord: true }), tools)).found).not.toContain('src/main.ts:2');
    const inTs = query('needle', { scope: { ...SCOPE, include: ['*.ts'] } });
    expect((await search(inTs, tools)).found).toEqual(['src/main.ts:2']);
    const notSrc = query('needle', { scope: { ...SCOPE, exclude: ['**/node_modules', 'src', '*.log'] } });
    expect((await search(notSrc, tools)).found).toEqual(['-e $(id) `x` "q".txt:1']);
    expect((await search(query('--help; $(touch /tmp/x)'), tools)).found).toEqual([]);
  });

  it('git knows Perl’s expressions', async () => {
    expect((await search(query('needle\\d+', { regex: true }), only('git'))).found).toEqual([
      'src/main.ts:2',
    ]);
  });

  it('an expression that makes no sense is an error that says so', async () => {
    await expect(search(query('(a', { regex: true }), only('git'))).rejects.toMatchObject({ kind: 'usage' });
    await expect(search(query('[a', { regex: true }), only('grep'))).rejects.toMatchObject({ kind: 'usage' });
  });

  it('outside a repository, git gives way to grep', async () => {
    const matches: FileMatch[] = [];
    const summary = await searchFiles(guest, join(folder, 'src'), query('needle'), {
      signal: signal(),
      tools: { ...only('grep'), git: '/bin/false-git-that-is-not-there' },
      onMatches: (found) => matches.push(...found),
    });
    expect([summary.tool, matches.length]).toEqual(['grep', 2]);
  });

  it('stops at the limit and says so', async () => {
    const { summary, matches } = await search(query('e'), only('grep'), 2);
    expect([summary.end, matches.length]).toEqual(['enough', 2]);
  });

  it('is cancelled at once', async () => {
    const controller = new AbortController();
    const work = searchFiles(guest, '/', query('x'), {
      signal: controller.signal,
      tools: only('grep'),
      onMatches: () => controller.abort(),
    });
    await expect(work).rejects.toMatchObject({ kind: 'cancelled' });
  });

  it.each([
    ['git ls-files', ['git'], []],
    ['find', ['find'], ['ignored.log']],
    ['busybox find', [], ['ignored.log']],
  ] as const)('%s lists files', async (tool, names, more) => {
    const files: string[] = [];
    const summary = await listFiles(guest, folder, SCOPE, {
      signal: signal(),
      tools: only(...names),
      onFiles: (paths) => files.push(...paths),
    });
    expect(summary).toMatchObject({ tool, end: 'complete', skipped: 0, files: files.length });
    expect(files.filter((file) => file !== 'out').sort()).toEqual(
      ['-e $(id) `x` "q".txt', '.gitignore', 'binary', 'src/main.ts', 'src/odd\nname.txt', ...more].sort(),
    );
  });
});
