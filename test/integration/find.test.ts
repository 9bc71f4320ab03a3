import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, createApp } from '../../src/app';
import { silentLog } from '../../src/core/log';
import type { FileMatch } from '../../src/guest/fileMatch';
import type { Guest } from '../../src/guest/guest';
import { listFiles } from '../../src/guest/listFiles';
import { searchFiles } from '../../src/guest/searchFiles';
import type { FileScope, SearchQuery } from '../../src/guest/searchQuery';
import { TestMachine } from './fixtures/machine';

const BUSYBOX = '/.bulkhead/bin/busybox';
const SCOPE: FileScope = { include: [], exclude: ['**/node_modules'], useIgnoreFiles: true };
const query = (text: string, more: Partial<SearchQuery> = {}): SearchQuery => ({
  text,
  regex: false,
  matchCase: false,
  wholeWord: false,
  scope: SCOPE,
  ...more,
});

// An image that has nothing at all: no shell, no grep, no find. The kit's busybox is what is left.
describe('search in a VM whose image has no tools', () => {
  let vm: TestMachine;
  let app: App;
  let guest: Guest;
  let workspace: string;

  beforeAll(async () => {
    vm = await TestMachine.open('find', {
      Dockerfile: 'FROM scratch\nCOPY hello.txt /hello.txt\n',
      'hello.txt': 'hello needle\n',
      'src/main.ts': 'one\n  const Needle = 1;\n',
      'src/odd:1:name.txt': 'needle\n',
      'node_modules/dep/index.js': 'needle\n',
      '.bulkhead.json': JSON.stringify({
        build: {},
        memory: '512mb',
        disk: '2gb',
        workspace: { exclude: [] },
      }),
    });
    workspace = (await vm.up()).workspace;
    app = createApp({ log: silentLog, dataDirectory: vm.cli.dataDirectory, proxyCommand: ['false'] });
    guest = await app.guest(vm.id);
  });
  afterAll(async () => {
    app?.dispose();
    await vm?.dispose();
  });

  const search = async (wanted: SearchQuery) => {
    const matches: FileMatch[] = [];
    const summary = await searchFiles(guest, workspace, wanted, {
      signal: AbortSignal.timeout(60_000),
      onMatches: (found) => matches.push(...found),
    });
    return {
      summary,
      found: matches.map(({ relative, line, match }) => `${relative}:${line}:${match}`).sort(),
    };
  };

  test('text and expressions are found by the kit’s busybox', async () => {
    const { summary, found } = await search(query('needle'));
    expect(summary.tool).toBe('busybox grep');
    expect(found).toEqual(expect.arrayContaining(['hello.txt:1:needle', 'src/main.ts:2:Needle']));
    expect(found.some((match) => match.includes('node_modules'))).toBe(false);
    expect((await search(query('ne+dle = [0-9]', { regex: true }))).found).toEqual([
      'src/main.ts:2:const Needle = 1;',
    ]);
  });

  test('files are listed', async () => {
    const files: string[] = [];
    const summary = await listFiles(guest, workspace, SCOPE, {
      signal: AbortSignal.timeout(60_000),
      onFiles: (paths) => files.push(...paths),
    });
    expect(summary).toMatchObject({ tool: 'busybox find', end: 'complete' });
    expect(files).toEqual(expect.arrayContaining(['hello.txt', 'src/main.ts', 'src/odd:1:name.txt']));
    expect(files.some((file) => file.startsWith('node_modules'))).toBe(false);
  });

  test('a search that is cancelled leaves no process in the guest', async () => {
    const controller = new AbortController();
    // /proc/kmsg has no end: whoever reads it waits.
    const endless = searchFiles(
      guest,
      '/proc',
      query('no such text anywhere', { scope: { ...SCOPE, exclude: [] } }),
      {
        signal: controller.signal,
        onMatches: () => undefined,
      },
    );
    const outcome = endless.catch((error: unknown) => error);
    const running = async () => {
      const { stdout } = await vm.exec([BUSYBOX, 'ps', '-o', 'args']);
      return stdout.split('\n').some((line) => line.includes('no such text anywhere'));
    };
    await expect.poll(running, { timeout: 30_000 }).toBe(true);
    controller.abort();
    expect(await outcome).toMatchObject({ kind: 'cancelled' });
    await expect.poll(running, { timeout: 30_000 }).toBe(false);
  });
});
