import * as vscode from 'vscode';
import type { Attachments } from '../../attach/attachments';
import type { PortForwards } from '../../attach/portForwards';
import { machineFolder } from '../../attach/terminalProfile';
import { type Disposable, DisposableList } from '../../core/disposables';
import { forLabel } from '../../core/plainText';
import type { Row } from '../row';
import { rowItem } from '../rowItem';
import { portRow } from './portRow';

export const PORTS_VIEW = 'bulkhead.ports';
/** `when` key of package.json's viewsWelcome: `none` (no machine), `empty` (no port), `listed`. */
const LIST_CONTEXT = 'bulkhead.portList';

/** A row of the Ports view, and the argument of commands that are called on it. */
export type PortNode =
  | { readonly kind: 'machinePorts'; readonly machineId: string }
  | { readonly kind: 'port'; readonly machineId: string; readonly port: number };

/** The Ports view: those of the window's machine; of several if it forwards ports of others too. */
export class PortTree implements vscode.TreeDataProvider<PortNode>, Disposable {
  private readonly changed = new vscode.EventEmitter<PortNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly disposables = new DisposableList();

  constructor(
    private readonly forwards: PortForwards,
    private readonly attachments: Attachments,
  ) {
    this.disposables.add(this.changed);
    this.disposables.add(
      vscode.window.createTreeView(PORTS_VIEW, { treeDataProvider: this, canSelectMany: false }),
    );
    // In memory already: what is not visible is not asked for rows.
    this.disposables.add(forwards.onDidChange(() => this.show()));
  }

  getTreeItem(node: PortNode): vscode.TreeItem {
    const id = node.kind === 'port' ? `${node.machineId}/${node.port}` : node.machineId;
    return rowItem(id, this.row(node), node);
  }

  getChildren(node?: PortNode): PortNode[] {
    if (node) {
      return node.kind === 'port' ? [] : this.portsOf(node.machineId);
    }
    const machines = this.shown();
    const [only] = machines;
    return machines.length === 1 && only !== undefined
      ? this.portsOf(only)
      : machines.map((machineId) => ({ kind: 'machinePorts', machineId }));
  }

  dispose(): void {
    this.disposables.dispose();
  }

  /** The window's machine first; others only with a forward, or they would show for a terminal alone. */
  private shown(): string[] {
    const own = machineFolder()?.id;
    const all = this.forwards.list();
    return [
      ...all.filter((id) => id === own),
      ...all.filter(
        (id) => id !== own && this.forwards.entries(id)?.some(({ forward }) => forward !== undefined),
      ),
    ];
  }

  private portsOf(machineId: string): PortNode[] {
    return (this.forwards.entries(machineId) ?? []).map(({ port }) => ({ kind: 'port', machineId, port }));
  }

  private row(node: PortNode): Row {
    if (node.kind === 'port') {
      return portRow(this.forwards.entry(node.machineId, node.port) ?? { port: node.port }, vscode.l10n);
    }
    const status = this.attachments.get(node.machineId)?.status;
    const name = status && status.kind !== 'idle' ? status.info?.name : undefined;
    return {
      label: forLabel(name ?? node.machineId),
      icon: { id: 'vm' },
      contextValue: 'machinePorts',
      expands: 'expanded',
    };
  }

  private show(): void {
    const machines = this.shown();
    const ports = machines.flatMap((id) => this.portsOf(id));
    const state = machines.length === 0 ? 'none' : ports.length === 0 ? 'empty' : 'listed';
    void vscode.commands.executeCommand('setContext', LIST_CONTEXT, state);
    this.changed.fire(undefined);
  }
}
