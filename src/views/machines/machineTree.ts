import * as vscode from 'vscode';
import type { App } from '../../app';
import { machineFolder } from '../../attach/terminalProfile';
import { type Disposable, DisposableList } from '../../core/disposables';
import { BulkheadError, messageOf } from '../../core/errors';
import type { MachineInfo } from '../../machine/hypervisor';
import { oneLine, type Row } from '../row';
import { rowItem } from '../rowItem';
import { MachineList } from './machineList';
import { inOrder, machineRow } from './machineRows';

export const MACHINES_VIEW = 'bulkhead.machines';
/** `when` key of package.json's viewsWelcome: what the list is like. */
const LIST_CONTEXT = 'bulkhead.machineList';

/** A row of the tree, and the argument of commands that are called on it. */
export type MachineNode =
  | { readonly kind: 'machine'; readonly machineId: string }
  | { readonly kind: 'failure' };

/** The Machines view: every machine of the Engine, this window's first. */
export class MachineTree implements vscode.TreeDataProvider<MachineNode>, Disposable {
  private readonly changed = new vscode.EventEmitter<MachineNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly disposables = new DisposableList();
  /** One object for each row, so that VS Code knows it again. */
  private readonly nodes = new Map<string, MachineNode>();
  private readonly list: MachineList;

  constructor(app: Pick<App, 'list' | 'onDidChangeMachines'>) {
    this.list = this.disposables.add(new MachineList(app));
    this.disposables.add(this.changed);
    this.disposables.add(this.list.onDidChange(() => this.show()));
    const view = this.disposables.add(
      vscode.window.createTreeView(MACHINES_VIEW, {
        treeDataProvider: this,
        canSelectMany: true,
        showCollapseAll: true,
      }),
    );
    this.disposables.add(view.onDidChangeVisibility(({ visible }) => this.list.setVisible(visible)));
    this.list.setVisible(view.visible === true);
  }

  refresh(): Promise<void> {
    return this.list.refresh();
  }

  getTreeItem(node: MachineNode): vscode.TreeItem {
    return rowItem(idOf(node), this.row(node), node);
  }

  async getChildren(node?: MachineNode): Promise<MachineNode[]> {
    if (node) {
      return [];
    }
    if (!this.list.machines && !this.list.failure) {
      await this.list.refresh();
    }
    const { failure, machines = [] } = this.list;
    if (failure) {
      return isHostFailure(failure) ? [] : [this.node({ kind: 'failure' })];
    }
    return inOrder(machines, isOwn).map(({ id }) => this.node({ kind: 'machine', machineId: id }));
  }

  dispose(): void {
    this.disposables.dispose();
  }

  private show(): void {
    const { failure, machines } = this.list;
    const state =
      failure && isHostFailure(failure) ? 'noEngine' : machines?.length === 0 ? 'empty' : 'listed';
    void vscode.commands.executeCommand('setContext', LIST_CONTEXT, state);
    this.changed.fire(undefined);
  }

  private row(node: MachineNode): Row {
    if (node.kind === 'failure') {
      return this.failureRow();
    }
    const info = this.list.get(node.machineId);
    return info
      ? machineRow(info, isOwn(info), vscode.l10n)
      : { label: node.machineId, contextValue: 'machine.gone', expands: 'never' };
  }

  private failureRow(): Row {
    const why = oneLine(messageOf(this.list.failure), 300);
    return {
      label: vscode.l10n.t('The machines cannot be listed'),
      description: why,
      tooltip: why,
      icon: { id: 'error', color: 'charts.red' },
      contextValue: 'failure',
      expands: 'never',
    };
  }

  private node(node: MachineNode): MachineNode {
    const id = idOf(node);
    const known = this.nodes.get(id) ?? node;
    this.nodes.set(id, known);
    return known;
  }
}

function idOf(node: MachineNode): string {
  return node.kind === 'failure' ? 'failure' : `machine/${node.machineId}`;
}

/** Without an Engine the view has an explanation and buttons in place of a row. */
function isHostFailure(error: Error): boolean {
  return error instanceof BulkheadError && error.kind === 'host';
}

/** True if this window has the machine's files open, or the folder that it was made from. */
function isOwn(machine: MachineInfo): boolean {
  return (
    machineFolder()?.id === machine.id ||
    (vscode.workspace.workspaceFolders ?? []).some(
      ({ uri }) => uri.scheme === 'file' && uri.fsPath === machine.folder,
    )
  );
}
