import * as vscode from 'vscode';
import { type Disposable, DisposableList } from '../../core/disposables';
import { messageOf } from '../../core/errors';
import { Listeners } from '../../core/listeners';
import { type Log, printable } from '../../core/log';
import { findRepositories } from '../../guest/git/findRepositories';
import type { Guest } from '../../guest/guest';
import type { Attachments } from '../attachments';
import { guestPathOf, machineIdOf } from '../machineUri';
import { RepositorySource } from './repositorySource';

/** Value of the context key `bulkhead.git`: what the SCM view's welcome says. */
export type GitState = 'unknown' | 'missing' | 'none' | 'unsafe' | 'open';

/** The repositories of this window's machines. Looks for them once a machine is attached, never before. */
export class SourceControls implements Disposable {
  private readonly sources = new Map<string, RepositorySource>();
  private readonly unsafeRoots = new Map<string, { id: string; root: string; guest: Guest }>();
  private readonly connected = new Set<string>();
  private readonly disposables = new DisposableList();
  private readonly changes = new Listeners<RepositorySource | undefined>();
  /** A repository's status changed, or (undefined) the list of repositories did. */
  readonly onDidChange = this.changes.add;
  private scanning: Promise<void> | undefined;
  private scanAgain = false;
  private disposed = false;

  constructor(
    private readonly attachments: Attachments,
    private readonly log: Log,
  ) {
    this.disposables.add(
      attachments.onDidChange(({ attachment, status }) => {
        if (status.kind === 'attached') {
          // Engine events tell of machines that have been attached all along, too.
          if (!this.connected.has(attachment.id)) {
            this.connected.add(attachment.id);
            this.scan();
          }
        } else if (status.kind === 'away') {
          this.connected.delete(attachment.id);
          for (const source of this.of(attachment.id)) {
            source.disconnect();
          }
        }
      }),
    );
    this.disposables.add(vscode.workspace.onDidChangeWorkspaceFolders(() => this.scan()));
    // `git init` and `git clone` in a terminal.
    const watcher = this.disposables.add(
      vscode.workspace.createFileSystemWatcher('**/.git', false, true, true),
    );
    this.disposables.add(
      watcher.onDidCreate((uri) => {
        if (machineIdOf(uri) !== undefined) {
          this.scan();
        }
      }),
    );
  }

  /** Disposed with this. */
  own(disposable: Disposable): void {
    this.disposables.add(disposable);
  }

  list(): RepositorySource[] {
    return [...this.sources.values()];
  }

  /** The repository that an object of the SCM API belongs to. */
  find(control: unknown): RepositorySource | undefined {
    return this.list().find((source) => source.control === control);
  }

  at(id: string, root: string): RepositorySource | undefined {
    return this.sources.get(`${id}:${root}`);
  }

  /** Repositories that git refuses because of their owner. */
  unsafe(): { id: string; root: string; guest: Guest }[] {
    return [...this.unsafeRoots.values()];
  }

  /** Looks for repositories again. */
  scan(): void {
    if (this.scanning !== undefined) {
      this.scanAgain = true;
      return;
    }
    this.scanning = this.scanAll()
      .catch((error: unknown) =>
        this.log.warn(`Looking for repositories: ${printable(messageOf(error), 500)}`),
      )
      .finally(() => {
        this.scanning = undefined;
        if (this.scanAgain && !this.disposed) {
          this.scanAgain = false;
          this.scan();
        }
      });
  }

  dispose(): void {
    this.disposed = true;
    this.disposables.dispose();
    for (const source of this.sources.values()) {
      source.dispose();
    }
    this.sources.clear();
    this.changes.dispose();
  }

  private of(id: string): RepositorySource[] {
    return this.list().filter((source) => source.id === id);
  }

  private async scanAll(): Promise<void> {
    const kept = new Set<string>();
    this.unsafeRoots.clear();
    let looked = 0;
    let git = 0;
    for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
      const id = machineIdOf(uri);
      const folder = guestPathOf(uri);
      const attachment = id === undefined ? undefined : this.attachments.get(id);
      if (id === undefined || folder === undefined || attachment?.status.kind !== 'attached') {
        continue;
      }
      const { guest } = await attachment.machine();
      const found = await findRepositories(guest, folder);
      looked++;
      git += found.git ? 1 : 0;
      for (const root of found.unsafe) {
        this.unsafeRoots.set(`${id}:${root}`, { id, root, guest });
      }
      for (const root of found.roots) {
        kept.add(`${id}:${root}`);
        this.show(id, root, guest);
      }
    }
    if (this.disposed || looked === 0) {
      return;
    }
    for (const [key, source] of this.sources) {
      if (!kept.has(key)) {
        this.sources.delete(key);
        source.dispose();
      }
    }
    await this.tell(
      git === 0 ? 'missing' : kept.size > 0 ? 'open' : this.unsafeRoots.size > 0 ? 'unsafe' : 'none',
    );
    this.changes.fire(undefined);
  }

  private show(id: string, root: string, guest: Guest): void {
    const key = `${id}:${root}`;
    const known = this.sources.get(key);
    if (known) {
      known.connect(guest);
    } else if (!this.disposed) {
      const source = new RepositorySource(id, root, guest, this.log);
      source.onDidChange(() => this.changes.fire(source));
      source.onDidVanish(() => this.scan());
      this.sources.set(key, source);
    }
  }

  private async tell(state: GitState): Promise<void> {
    await vscode.commands.executeCommand('setContext', 'bulkhead.git', state);
  }
}
