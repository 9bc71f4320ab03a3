import * as vscode from 'vscode';
import type { Disposable } from '../core/disposables';
import { Listeners } from '../core/listeners';
import { type ListSummary, listFiles } from '../guest/listFiles';
import type { Attachments } from './attachments';
import { RankedPaths } from './rankPaths';
import { excludeSettings, type GuestFolder } from './searchedFolder';

/** The files of one folder, as far as they are known. */
export interface FileList {
  readonly paths: RankedPaths;
  /** Undefined while the guest is still listing. */
  readonly summary: ListSummary | undefined;
}

/** Milliseconds after which a list is made anew whatever the watcher says: it may have missed something. */
const FRESH_MS = 60_000;

interface Entry {
  list: FileList;
  /** Files came or went since. */
  stale: boolean;
  /** When it was whole (ms, `performance.now`). */
  at: number;
}

/** Lists of files for "Go to File": listed when first asked for, and again after files came or went. */
export class FileLists implements Disposable {
  private readonly lists = new Map<string, Entry>();
  private readonly changes = new Listeners<void>();
  /** More of a list is known. */
  readonly onDidChange = this.changes.add;
  private watcher: vscode.FileSystemWatcher | undefined;

  constructor(private readonly attachments: Attachments) {}

  /** What is known now; empty before the first `refresh`. */
  get(folder: GuestFolder): FileList {
    return this.lists.get(keyOf(folder))?.list ?? { paths: new RankedPaths(), summary: undefined };
  }

  /** Lists the folder if that is not known, or no longer true. The old list stays until the new one is whole. */
  async refresh(folder: GuestFolder, signal: AbortSignal): Promise<void> {
    const key = keyOf(folder);
    const known = this.lists.get(key);
    if (known?.list.summary && !known.stale && performance.now() - known.at < FRESH_MS) {
      return;
    }
    this.watch();
    const { guest } = await this.attachments.hold(folder.id).attach();
    const paths = new RankedPaths();
    const shown: Entry = known?.list.summary
      ? known
      : { list: { paths, summary: undefined }, stale: false, at: 0 };
    shown.stale = false;
    this.lists.set(key, shown);
    try {
      const scope = { include: [], exclude: excludeSettings(folder), useIgnoreFiles: true };
      const onFiles = (files: string[]) => {
        paths.add(files);
        this.changes.fire();
      };
      const summary = await listFiles(guest, folder.path, scope, { signal, onFiles });
      // Files that came or went while the guest was listing make it stale again.
      this.lists.set(key, { list: { paths, summary }, stale: shown.stale, at: performance.now() });
      this.changes.fire();
    } catch (error) {
      shown.stale = true;
      throw error;
    }
  }

  dispose(): void {
    this.watcher?.dispose();
    this.changes.dispose();
    this.lists.clear();
  }

  /** A pattern without a base: it listens to what the window watches anyway and asks the guest for nothing more. */
  private watch(): void {
    if (this.watcher) {
      return;
    }
    this.watcher = vscode.workspace.createFileSystemWatcher('**/*', false, true, false);
    const stale = () => {
      for (const entry of this.lists.values()) {
        entry.stale = true;
      }
    };
    this.watcher.onDidCreate(stale);
    this.watcher.onDidDelete(stale);
  }
}

function keyOf({ id, path }: GuestFolder): string {
  return `${id}:${path}`;
}
