import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { INFO } from './attachApp';

type Listener = (uri: { fsPath: string }) => void;

/** The watchers that were asked for, by their folder. */
const watchers: {
  base: string;
  created: Listener;
  changed: Listener;
  deleted: Listener;
  disposed: boolean;
}[] = [];

vi.mock('vscode', () => ({
  FileChangeType: { Changed: 1, Created: 2, Deleted: 3 },
  Uri: { file: (path: string) => ({ fsPath: path }), from: (parts: object) => parts },
  RelativePattern: class {
    constructor(
      readonly base: { fsPath: string },
      readonly pattern: string,
    ) {}
  },
  workspace: {
    createFileSystemWatcher: ({ base }: { base: { fsPath: string } }) => {
      const nobody = () => undefined;
      const made = {
        base: base.fsPath,
        created: nobody as Listener,
        changed: nobody as Listener,
        deleted: nobody as Listener,
        disposed: false,
      };
      watchers.push(made);
      const take = (name: 'created' | 'changed' | 'deleted') => (listener: Listener) => {
        made[name] = listener;
        return { dispose: () => undefined };
      };
      return {
        onDidCreate: take('created'),
        onDidChange: take('changed'),
        onDidDelete: take('deleted'),
        dispose: () => {
          made.disposed = true;
        },
      };
    },
  },
}));

const { inGuest, mountedFolders } = await import('../../../src/attach/mountedFolders');

const MOUNTED = {
  ...INFO,
  folder: '/home/me/app',
  workspaceFolder: '/workspaces/app',
  workspaceMode: 'mount' as const,
};

let tellStatus: (info: typeof INFO, kind?: 'attached' | 'away') => void;
const fired: object[][] = [];
const lookedAgain: string[] = [];
let following: { dispose(): void };

beforeEach(() => {
  vi.useFakeTimers();
  watchers.length = fired.length = lookedAgain.length = 0;
  const attachments = {
    onDidChange: (listener: (change: object) => void) => {
      tellStatus = (info, kind = 'attached') =>
        listener({ attachment: { id: info.id }, status: { kind, info } });
      return { dispose: () => undefined };
    },
  };
  following = mountedFolders(
    attachments as never,
    (events) => fired.push([...events]),
    (_id, folder) => lookedAgain.push(folder),
  );
});
afterEach(() => {
  following.dispose();
  vi.useRealTimers();
});

test('what this computer changes in a mounted folder is told as the machine’s, once the guest can see it', () => {
  tellStatus(MOUNTED);
  tellStatus(MOUNTED);
  expect(watchers.map(({ base }) => base)).toEqual(['/home/me/app']);
  watchers[0]?.changed({ fsPath: '/home/me/app/src/a.ts' });
  watchers[0]?.deleted({ fsPath: '/home/me/app/b' });
  vi.advanceTimersByTime(1_000);
  expect(fired).toEqual([]);
  vi.advanceTimersByTime(1_000);
  const of = (path: string) => ({ scheme: 'bulkhead', authority: INFO.id, path: `/workspaces/app/${path}` });
  expect(fired).toEqual([
    [
      { type: 1, uri: of('src/a.ts') },
      { type: 3, uri: of('b') },
    ],
  ]);
});

test('very many changes are told as one', () => {
  tellStatus(MOUNTED);
  for (let n = 0; n < 5_000; n++) {
    watchers[0]?.created({ fsPath: `/home/me/app/${n}` });
  }
  vi.advanceTimersByTime(2_000);
  expect(fired).toEqual([]);
  expect(lookedAgain).toEqual(['/workspaces/app']);
});

test('nothing is followed for a copy, or for a machine that went away', () => {
  tellStatus(INFO);
  expect(watchers).toEqual([]);
  tellStatus(MOUNTED);
  tellStatus(MOUNTED, 'away');
  expect(watchers[0]?.disposed).toBe(true);
});

test('a path outside of the folder has none in the guest', () => {
  expect(inGuest('/home/me/app', '/w', '/home/me/app')).toBe('/w');
  expect(inGuest('/home/me/app', '/w', '/home/me/other')).toBeUndefined();
  expect(inGuest('/home/me/app', '/w', '/home/me/app/..x')).toBe('/w/..x');
});
