import * as vscode from 'vscode';
import { type Disposable, DisposableList } from '../../core/disposables';
import { messageOf } from '../../core/errors';
import type { Log } from '../../core/log';
import type { ReviewService } from '../../review/reviewService';
import type { Row } from '../row';
import { rowItem } from '../rowItem';
import { CHANGE_GROUPS, type ChangeGroup, type ReviewModel } from './reviewModel';
import { nodeId, type ReviewNode } from './reviewNodes';
import {
  applyRow,
  changeRow,
  commitRow,
  commitsRow,
  groupRow,
  hunkRow,
  moreRow,
  type TickRow,
} from './reviewRows';
import { visibleText } from './visibleText';

export const REVIEW_VIEW = 'bulkhead.review';
/** `when` key: a review is open, so the view is there. */
const OPEN_CONTEXT = 'bulkhead.reviewOpen';
/** Rows of a group that are shown at first, and more at each wish for more. */
export const PAGE = 500;

/** What rows run: the list of commands is in a room below. */
export interface ReviewCommands {
  readonly apply: string;
  readonly showChange: string;
  readonly resolve: string;
  readonly showMore: string;
}

/** Whose changes the view shows. */
export interface ReviewedMachine {
  readonly id: string;
  readonly name: string;
}

type TreeApp = Pick<ReviewService, 'reviewHunks'>;

/** The Review view: what a machine changed, and which of it the user has ticked. Empty and hidden until a review is shown. */
export class ReviewTree implements vscode.TreeDataProvider<ReviewNode>, Disposable {
  private readonly changed = new vscode.EventEmitter<ReviewNode | ReviewNode[] | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly disposables = new DisposableList();
  private readonly view: vscode.TreeView<ReviewNode>;
  private nodes = new Map<string, ReviewNode>();
  private shown = new Map<ChangeGroup, number>();
  private open: { model: ReviewModel; machine: ReviewedMachine } | undefined;

  constructor(
    private readonly app: TreeApp,
    private readonly commands: ReviewCommands,
    private readonly log: Log,
  ) {
    this.disposables.add(this.changed);
    this.view = this.disposables.add(
      vscode.window.createTreeView(REVIEW_VIEW, {
        treeDataProvider: this,
        // A tick of several rows at once would tick dangerous ones with the others.
        canSelectMany: false,
        manageCheckboxStateManually: true,
        showCollapseAll: true,
      }),
    );
    this.disposables.add(this.view.onDidChangeCheckboxState(({ items }) => this.ticked(items)));
  }

  get current(): { model: ReviewModel; machine: ReviewedMachine } | undefined {
    return this.open;
  }

  /** Shows this look at the machine, and brings the view up. */
  async show(model: ReviewModel, machine: ReviewedMachine): Promise<void> {
    this.open = { model, machine };
    this.nodes = new Map();
    this.shown = new Map();
    this.describe();
    this.changed.fire(undefined);
    await vscode.commands.executeCommand('setContext', OPEN_CONTEXT, true);
  }

  async close(): Promise<void> {
    this.open = undefined;
    this.nodes = new Map();
    this.changed.fire(undefined);
    await vscode.commands.executeCommand('setContext', OPEN_CONTEXT, false);
  }

  /** The model was changed by somebody else. */
  refresh(): void {
    this.describe();
    this.changed.fire(undefined);
  }

  showMore(group: ChangeGroup): void {
    this.shown.set(group, this.shownOf(group) + PAGE);
    this.changed.fire(this.of({ kind: 'group', group }));
  }

  /**
   * The Space key: VS Code's own trees tick a box only when it has the focus itself. The key has selected the row, which asks
   * about a conflict already.
   */
  tickSelected(): void {
    const [node] = this.view.selection;
    const { box } = node ? this.row(node) : {};
    if (!node || !box || (node.kind === 'change' && this.open?.model.groupOf(node.path) === 'conflicts')) {
      return;
    }
    const { Checked, Unchecked } = vscode.TreeItemCheckboxState;
    this.ticked([[node, box.ticked ? Unchecked : Checked]]);
  }

  getTreeItem(node: ReviewNode): vscode.TreeItem {
    const row = this.row(node);
    const item = rowItem(nodeId(node), row, node);
    if (row.box) {
      const { ticked, label } = row.box;
      const state = ticked ? vscode.TreeItemCheckboxState.Checked : vscode.TreeItemCheckboxState.Unchecked;
      const tooltip = ticked ? vscode.l10n.t('Is brought back') : vscode.l10n.t('Stays in the VM');
      item.checkboxState = { state, tooltip, accessibilityInformation: { label } };
    }
    return item;
  }

  getParent(node: ReviewNode): ReviewNode | undefined {
    switch (node.kind) {
      case 'apply':
      case 'group':
        return undefined;
      case 'change': {
        const group = this.open?.model.groupOf(node.path);
        return group && this.of({ kind: 'group', group });
      }
      case 'hunk':
      case 'failure':
        return this.of({ kind: 'change', path: node.path });
      case 'commit':
        return this.of({ kind: 'group', group: 'commits' });
      case 'more':
        return this.of({ kind: 'group', group: node.group });
    }
  }

  async getChildren(node?: ReviewNode): Promise<ReviewNode[]> {
    const { model } = this.open ?? {};
    if (!model) {
      return [];
    }
    return (await this.below(model, node)).map((child) => this.of(child));
  }

  dispose(): void {
    this.disposables.dispose();
  }

  private async below(model: ReviewModel, node: ReviewNode | undefined): Promise<ReviewNode[]> {
    if (!node) {
      const groups = CHANGE_GROUPS.filter((group) => model.changesOf(group).length > 0);
      return [
        { kind: 'apply' },
        ...groups.map((group) => ({ kind: 'group', group }) as const),
        ...(model.review.commits.length > 0 ? [{ kind: 'group', group: 'commits' } as const] : []),
      ];
    }
    if (node.kind === 'group' && node.group === 'commits') {
      return model.review.commits.map((_commit, position) => ({ kind: 'commit', position }));
    }
    if (node.kind === 'group' && node.group !== 'commits') {
      const { group } = node;
      const changes = model.changesOf(group);
      const shown = changes
        .slice(0, this.shownOf(group))
        .map(({ path }) => ({ kind: 'change', path }) as const);
      return shown.length < changes.length ? [...shown, { kind: 'more', group }] : shown;
    }
    return node.kind === 'change' ? this.hunksOf(model, node.path) : [];
  }

  private async hunksOf(model: ReviewModel, path: string): Promise<ReviewNode[]> {
    if (!model.hasHunks(path)) {
      return [];
    }
    if (!model.hunks(path)) {
      try {
        model.setHunks(path, await this.app.reviewHunks(model.review.token, path));
      } catch (error) {
        this.log.warn(`${visibleText(path)}: ${messageOf(error)}`);
        return [{ kind: 'failure', path, why: messageOf(error) }];
      }
    }
    return (model.hunks(path) ?? []).map(({ index }) => ({ kind: 'hunk', path, index }));
  }

  private row(node: ReviewNode): TickRow {
    const { l10n } = vscode;
    const gone: Row = { label: '', contextValue: 'gone', expands: 'never' };
    if (!this.open) {
      return gone;
    }
    const { model } = this.open;
    const { review } = model;
    switch (node.kind) {
      case 'apply':
        return applyRow(model, review.folder, this.commands.apply, l10n);
      case 'group':
        return node.group === 'commits'
          ? commitsRow(review.commits, l10n)
          : groupRow(node.group, model, l10n);
      case 'change': {
        const change = model.change(node.path);
        return change ? changeRow(change, model, this.commands.showChange, l10n) : gone;
      }
      case 'hunk': {
        const hunk = model.hunks(node.path)?.find(({ index }) => index === node.index);
        return hunk ? hunkRow(hunk, node.path, model, this.commands.showChange, l10n) : gone;
      }
      case 'commit': {
        const commit = review.commits[node.position];
        return commit ? commitRow(commit) : gone;
      }
      case 'more':
        return moreRow(
          model.changesOf(node.group).length - this.shownOf(node.group),
          this.commands.showMore,
          l10n,
        );
      case 'failure':
        return {
          label: l10n.t('Its parts cannot be shown'),
          description: visibleText(node.why, 300),
          icon: { id: 'error', color: 'charts.red' },
          contextValue: 'failure',
          expands: 'never',
        };
    }
  }

  private ticked(items: readonly [ReviewNode, vscode.TreeItemCheckboxState][]): void {
    const { model } = this.open ?? {};
    if (!model) {
      return;
    }
    const groups = new Set<ChangeGroup>();
    for (const [node, state] of items) {
      const wanted = state === vscode.TreeItemCheckboxState.Checked;
      if (node.kind === 'group' && node.group === 'changes') {
        model.tickOrdinary(wanted);
        groups.add('changes');
      } else if (node.kind === 'change' || node.kind === 'hunk') {
        this.tick(model, node, wanted && (items.length === 1 || model.groupOf(node.path) === 'changes'));
        groups.add(model.groupOf(node.path) ?? 'changes');
      }
    }
    this.describe();
    const nodes: ReviewNode[] = [
      { kind: 'apply' },
      ...[...groups].map((group) => ({ kind: 'group', group }) as const),
    ];
    // Row by row: VS Code knows no row at all while it reads the whole tree again, and a click falls into the void.
    this.changed.fire(nodes.map((node) => this.of(node)));
  }

  private tick(
    model: ReviewModel,
    node: Extract<ReviewNode, { kind: 'change' | 'hunk' }>,
    wanted: boolean,
  ): void {
    if (node.kind === 'hunk') {
      model.tickHunk(node.path, node.index, wanted);
    } else if (!model.tick(node.path, wanted)) {
      // A conflict: its box stays empty until the user has decided.
      void vscode.commands.executeCommand(this.commands.resolve, node);
    }
  }

  private describe(): void {
    const { l10n } = vscode;
    const { model, machine } = this.open ?? {};
    if (!model || !machine) {
      return;
    }
    this.view.description = visibleText(machine.name, 60);
    const { truncated, changes, notes } = model.review;
    const more = l10n.t(
      'More has changed than is listed: these are the first {0}. Bring them back, then look again.',
      changes.length,
    );
    this.view.message = [...(truncated ? [more] : []), ...notes.map((note) => visibleText(note, 500))].join(
      ' ',
    );
  }

  private shownOf(group: ChangeGroup): number {
    return this.shown.get(group) ?? PAGE;
  }

  /** One object for each row: VS Code knows a row that is to be shown again by its object. */
  private of(node: ReviewNode): ReviewNode {
    const id = nodeId(node);
    const known = this.nodes.get(id) ?? node;
    this.nodes.set(id, known);
    return known;
  }
}
