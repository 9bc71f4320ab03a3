import { posix } from 'node:path';
import * as vscode from 'vscode';
import { type Disposable, DisposableList } from '../../core/disposables';
import { messageOf } from '../../core/errors';
import { GitFailure } from '../../core/gitFailure';
import { Listeners } from '../../core/listeners';
import { type Log, printable } from '../../core/log';
import { forLabel } from '../../core/plainText';
import { CHANGES_MAX, GitRepository } from '../../guest/git/gitRepository';
import type { GitChange, GitStatus } from '../../guest/git/gitStatus';
import type { Guest } from '../../guest/guest';
import { guestPathOf, isWithin, machineIdOf, SCHEME } from '../machineUri';
import { showWarning } from '../notify';
import { type GroupId, groupsOf } from './changeLook';
import { mattersToStatus, relativePath } from './gitPaths';
import { GitResource } from './gitResource';
import { versionUri } from './gitUri';
import { RefreshPace } from './refreshPace';

/** Also the value of `scmProvider` in package.json's `when` clauses. */
export const SOURCE_CONTROL_ID = 'bulkhead-git';
export const COMMIT_COMMAND = 'bulkhead.git.commit';
export const SWITCH_COMMAND = 'bulkhead.git.switchBranch';

/** A status in an emulated guest takes about half a second of one CPU: not more often than this. */
const PACE = { settleMs: 300, gapMs: 1500 };

/** One repository of a machine in VS Code's SCM view. */
export class RepositorySource implements Disposable {
  readonly control: vscode.SourceControl;
  private readonly groups: Record<GroupId, vscode.SourceControlResourceGroup>;
  private readonly disposables = new DisposableList();
  private readonly pace: RefreshPace;
  private readonly changed = new Listeners<GitStatus>();
  readonly onDidChange = this.changed.add;
  private readonly gone = new Listeners<void>();
  /** git says that there is no repository any more. */
  readonly onDidVanish = this.gone.add;
  private repositoryNow: GitRepository;
  private last: GitStatus | undefined;
  private lastKey = '';
  private saidTooMany = false;
  private connected = true;

  constructor(
    readonly id: string,
    readonly root: string,
    guest: Guest,
    private readonly log: Log,
  ) {
    this.repositoryNow = new GitRepository(guest, root);
    const rootUri = vscode.Uri.from({ scheme: SCHEME, authority: id, path: root });
    const control = vscode.scm.createSourceControl(SOURCE_CONTROL_ID, vscode.l10n.t('Git in VM'), rootUri);
    this.control = this.disposables.add(control);
    control.inputBox.placeholder = vscode.l10n.t('Message (Ctrl+Enter commits in the VM)');
    control.acceptInputCommand = {
      command: COMMIT_COMMAND,
      title: vscode.l10n.t('Commit'),
      arguments: [control],
    };
    control.quickDiffProvider = { provideOriginalResource: (uri) => this.original(uri) };
    const group = (name: GroupId, label: string, hideWhenEmpty: boolean) => {
      const made = this.disposables.add(control.createResourceGroup(name, label));
      made.hideWhenEmpty = hideWhenEmpty;
      return made;
    };
    this.groups = {
      merge: group('merge', vscode.l10n.t('Merge Changes'), true),
      index: group('index', vscode.l10n.t('Staged Changes'), true),
      workingTree: group('workingTree', vscode.l10n.t('Changes'), false),
      untracked: group('untracked', vscode.l10n.t('Untracked Changes'), true),
    };
    this.pace = this.disposables.add(
      new RefreshPace(() => this.readStatus(), {
        ...PACE,
        isActive: () => this.connected && vscode.window.state.focused,
      }),
    );
    this.watch(rootUri);
    this.pace.now().catch((error: unknown) => this.log.warn(messageOf(error)));
  }

  get repository(): GitRepository {
    return this.repositoryNow;
  }

  get status(): GitStatus | undefined {
    return this.last;
  }

  /** For labels: the folder's name. */
  get name(): string {
    return forLabel(posix.basename(this.root) || '/', 80);
  }

  /** The machine came back: its guest is a new connection. */
  connect(guest: Guest): void {
    this.repositoryNow = new GitRepository(guest, this.root);
    this.connected = true;
    this.refresh();
  }

  disconnect(): void {
    this.connected = false;
  }

  /** Soon, if the window has the focus. */
  refresh(): void {
    this.pace.request();
  }

  /** Resolves when the view shows what is. */
  refreshNow(): Promise<void> {
    return this.pace.now();
  }

  resources(group: GroupId): readonly GitResource[] {
    return this.groups[group].resourceStates as GitResource[];
  }

  /** The group with this id of the API's object; undefined if it is another repository's. */
  groupId(group: vscode.SourceControlResourceGroup): GroupId | undefined {
    return (Object.keys(this.groups) as GroupId[]).find((id) => this.groups[id] === group);
  }

  /** What git says of a file of this machine. */
  changeAt(path: string): GitChange | undefined {
    return this.last?.changes.find((change) => change.path === relativePath(this.root, path));
  }

  dispose(): void {
    this.disposables.dispose();
    this.changed.dispose();
    this.gone.dispose();
  }

  private watch(rootUri: vscode.Uri): void {
    const watcher = this.disposables.add(
      vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(rootUri, '**')),
    );
    const look = (uri: vscode.Uri) => {
      const path = guestPathOf(uri);
      if (machineIdOf(uri) === this.id && path !== undefined && mattersToStatus(this.root, path)) {
        this.refresh();
      }
    };
    for (const event of [watcher.onDidChange, watcher.onDidCreate, watcher.onDidDelete]) {
      this.disposables.add(event(look));
    }
    this.disposables.add(vscode.window.onDidChangeWindowState(() => this.pace.resume()));
  }

  private async readStatus(): Promise<void> {
    try {
      this.show(await this.repository.status());
    } catch (error) {
      this.log.debug(`git status in ${printable(this.root, 300)}: ${printable(messageOf(error), 500)}`);
      if (error instanceof GitFailure && (error.code === 'notRepository' || error.code === 'unsafe')) {
        this.gone.fire();
      }
    }
  }

  private show(status: GitStatus): void {
    const key = JSON.stringify(status);
    if (key === this.lastKey) {
      return;
    }
    this.last = status;
    this.lastKey = key;
    const rows: Record<GroupId, GitResource[]> = { merge: [], index: [], workingTree: [], untracked: [] };
    for (const change of status.changes) {
      for (const group of groupsOf(change)) {
        rows[group].push(new GitResource(this, change, group));
      }
    }
    for (const group of Object.keys(rows) as GroupId[]) {
      this.groups[group].resourceStates = rows[group];
    }
    this.control.count = status.changes.length;
    this.control.statusBarCommands = [this.branchCommand(status)];
    this.sayWhatIsMissing(status);
    this.changed.fire(status);
  }

  private branchCommand({ branch, changes }: GitStatus): vscode.Command {
    const name = branch.name ?? branch.head?.slice(0, 8) ?? vscode.l10n.t('no commit');
    const edited = changes.length > 0 ? '*' : '';
    const distance = branch.upstream === undefined ? '' : ` ${branch.behind}↓ ${branch.ahead}↑`;
    return {
      command: SWITCH_COMMAND,
      title: `$(git-branch) ${forLabel(name, 60)}${edited}${distance}`,
      tooltip: vscode.l10n.t('{0} in the VM: switch or create a branch', this.name),
      arguments: [this.control],
    };
  }

  private sayWhatIsMissing({ truncated, dropped }: GitStatus): void {
    if (dropped > 0) {
      this.log.warn(
        `git status in ${printable(this.root, 300)}: left out ${dropped} entries with impossible names`,
      );
    }
    if (truncated && !this.saidTooMany) {
      this.saidTooMany = true;
      const text = vscode.l10n.t(
        '{0} has too many changes: only the first {1} are shown. A .gitignore would help.',
        this.name,
        CHANGES_MAX,
      );
      showWarning(text).then(undefined, (error: unknown) => this.log.debug(messageOf(error)));
    }
  }

  /** What the marks beside the lines compare with: the index. */
  private async original(uri: vscode.Uri): Promise<vscode.Uri | undefined> {
    const path = guestPathOf(uri);
    if (machineIdOf(uri) !== this.id || path === undefined || path === this.root) {
      return undefined;
    }
    if (!isWithin(this.root, path) || !this.connected || this.changeAt(path)?.kind === 'untracked') {
      return undefined;
    }
    try {
      const tracked = await this.repository.isTracked(relativePath(this.root, path));
      return tracked ? versionUri(this.id, this.root, path, ':0') : undefined;
    } catch (error) {
      this.log.debug(`quick diff of ${printable(path, 300)}: ${printable(messageOf(error), 300)}`);
      return undefined;
    }
  }
}
