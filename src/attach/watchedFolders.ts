import * as vscode from 'vscode';
import { type Disposable, DisposableList } from '../core/disposables';
import { messageOf } from '../core/errors';
import { type Log, printable } from '../core/log';
import type { FileChange } from '../guest/guestFiles';
import type { Attachments } from './attachments';
import { isWithin, machineIdOf, SCHEME } from './machineUri';
import { mountedFolders } from './mountedFolders';

/** Name of a file that never is: see `lookAgain`. */
const NOTHING = '.bulkhead-look-again';
/** Milliseconds before a broken watch is started again; doubled each time up to the maximum. */
const FIRST_RETRY_MS = 2000;
const MAX_RETRY_MS = 60_000;

const KINDS: Record<FileChange['kind'], vscode.FileChangeType> = {
  created: vscode.FileChangeType.Created,
  changed: vscode.FileChangeType.Changed,
  deleted: vscode.FileChangeType.Deleted,
};

interface WatchOptions {
  recursive: boolean;
  excludes: string[];
}

export interface WatchedFolders extends Disposable {
  watch(id: string, path: string, options: WatchOptions): Disposable;
}

/**
 * What the editor wants watched in the machines. A watch lives as long as the editor wants it: it is started
 * again after a suspend, a reboot or a lost connection, and then everything is looked at again.
 */
export function watchedFolders(
  attachments: Attachments,
  log: Log,
  fire: (events: vscode.FileChangeEvent[]) => void,
): WatchedFolders {
  const watches = new Set<Watch>();
  const attached = new Set<string>();
  const mounted = mountedFolders(attachments, fire, (id, folder) => lookAgain(id, [folder], fire));
  const following = attachments.onDidChange(({ attachment, status }) => {
    const own = [...watches].filter(({ id }) => id === attachment.id);
    for (const watch of own) {
      if (status.kind === 'attached') {
        watch.start();
      } else if (status.kind === 'away') {
        watch.stop();
      }
    }
    // Other news of a machine that is attached all the while (its network, say) says nothing about files.
    if (status.kind !== 'attached') {
      attached.delete(attachment.id);
    } else if (!attached.has(attachment.id)) {
      attached.add(attachment.id);
      lookAgain(
        attachment.id,
        own.map(({ path }) => path),
        fire,
      );
    }
  });
  return {
    watch(id, path, options) {
      const watch = new Watch(id, path, options, attachments, log, fire);
      watches.add(watch);
      watch.start();
      return {
        dispose() {
          watches.delete(watch);
          watch.stop();
        },
      };
    },
    dispose() {
      following.dispose();
      mounted.dispose();
      for (const watch of watches) {
        watch.stop();
      }
      watches.clear();
    },
  };
}

class Watch {
  private running: DisposableList | undefined;
  private retryMs = FIRST_RETRY_MS;

  constructor(
    readonly id: string,
    readonly path: string,
    private readonly options: WatchOptions,
    private readonly attachments: Attachments,
    private readonly log: Log,
    private readonly fire: (events: vscode.FileChangeEvent[]) => void,
  ) {}

  /** Does nothing if it runs; a machine that is away starts it again when it comes back. */
  start(): void {
    if (this.running) {
      return;
    }
    const running = new DisposableList();
    this.running = running;
    this.open(running).catch((error: unknown) => this.failed(running, error));
  }

  stop(): void {
    this.running?.dispose();
    this.running = undefined;
  }

  private async open(running: DisposableList): Promise<void> {
    const files = await this.attachments.hold(this.id).files();
    if (this.running !== running) {
      return;
    }
    running.add(
      files.watch(this.path, this.options, {
        onChanges: (changes) => {
          this.retryMs = FIRST_RETRY_MS;
          this.report(changes);
        },
        onOverflow: () => lookAgain(this.id, [this.path], this.fire),
        onError: (error) => this.failed(running, error),
      }),
    );
  }

  private failed(running: DisposableList, error: unknown): void {
    if (this.running !== running) {
      return;
    }
    this.stop();
    this.log.debug(`watch ${printable(this.path, 300)}: ${printable(messageOf(error), 300)}`);
    if (this.attachments.get(this.id)?.status.kind !== 'attached') {
      return;
    }
    const waiting = new DisposableList();
    this.running = waiting;
    const timer = setTimeout(() => {
      this.stop();
      this.start();
    }, this.retryMs);
    waiting.add({ dispose: () => clearTimeout(timer) });
    this.retryMs = Math.min(this.retryMs * 2, MAX_RETRY_MS);
  }

  private report(changes: FileChange[]): void {
    // The guest sends these; what it says about places outside the watched folder is not listened to.
    const events = changes
      .filter(({ path }) => isWithin(this.path, path))
      .map(({ path, kind }) => ({ type: KINDS[kind], uri: uriOf(this.id, path) }));
    if (events.length > 0) {
      this.fire(events);
    }
  }
}

function uriOf(id: string, path: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, authority: id, path });
}

/**
 * For when changes may have been missed: open editors compare with the disk, and the explorer reads its folders again because
 * something is said to be new in each of `folders`. (Its refresh command would also bring the explorer to the front.)
 */
function lookAgain(
  id: string,
  folders: readonly string[],
  fire: (events: vscode.FileChangeEvent[]) => void,
): void {
  const open = vscode.workspace.textDocuments.map(({ uri }) => uri).filter((uri) => machineIdOf(uri) === id);
  const roots = folders.filter(
    (folder) => !folders.some((other) => other !== folder && isWithin(other, folder)),
  );
  const events = [
    ...open.map((uri) => ({ type: vscode.FileChangeType.Changed, uri })),
    ...[...new Set(roots)].map((folder) => ({
      type: vscode.FileChangeType.Created,
      uri: uriOf(id, folder === '/' ? `/${NOTHING}` : `${folder}/${NOTHING}`),
    })),
  ];
  if (events.length > 0) {
    fire(events);
  }
}
