import * as vscode from 'vscode';
import type { App } from '../../app';
import type { PortForwards } from '../../attach/portForwards';
import { type Disposable, DisposableList } from '../../core/disposables';
import { BulkheadError, messageOf } from '../../core/errors';
import { Listeners } from '../../core/listeners';
import type { Log } from '../../core/log';
import { forLabel } from '../../core/plainText';
import type { MachineInfo, MachineState } from '../../machine/hypervisor';
import { portRow } from '../ports/portRow';
import type { Row } from '../row';
import { rowItem } from '../rowItem';
import { belongingOf } from './belonging';
import { DetailReader } from './detailReader';
import { detailRow, detailsOf, diskPartRow, diskParts, type MachineDetails } from './detailRows';
import { MachineList } from './machineList';
import { type MachineNode, MachineNodes, nodeId } from './machineNodes';
import { inOrder, machineRow } from './machineRows';
import { ResourceGlances } from './resourceGlances';

export const MACHINES_VIEW = 'bulkhead.machines';
/** `when` key of package.json's viewsWelcome: what the list is like. */
const LIST_CONTEXT = 'bulkhead.machineList';

/** Values of that key. */
type ListState = 'noEngine' | 'failed' | 'empty' | 'listed';

type TreeApp = Pick<App, 'list' | 'onDidChangeMachines' | 'watchResources' | 'diskUse' | 'ports'>;

/** The Machines view: every machine of the Engine, this window's first; below each what it takes and how it is set up. */
export class MachineTree implements vscode.TreeDataProvider<MachineNode>, Disposable {
  private readonly changed = new vscode.EventEmitter<MachineNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly selected = new Listeners<string>();
  /** Id of the machine that a single selected row belongs to. */
  readonly onDidSelectMachine = this.selected.add;
  private readonly disposables = new DisposableList();
  private readonly nodes = new MachineNodes();
  private readonly list: MachineList;
  private readonly glances: ResourceGlances;
  private readonly reader: DetailReader;
  private readonly view: vscode.TreeView<MachineNode>;
  /** By machine, in the order of their rows: as last shown, to see what changed. */
  private shownAs = new Map<string, string>();
  private shownState: ListState | undefined;
  private readonly descriptions = new Map<string, string | undefined>();
  private readonly expanded = new Set<string>();
  /** What this window is doing with a machine. */
  private readonly work = new Map<string, MachineState>();

  constructor(
    app: TreeApp,
    private readonly forwards: PortForwards,
    log: Log,
  ) {
    this.disposables.add(this.changed);
    this.disposables.add(this.selected);
    this.list = this.disposables.add(new MachineList(app));
    this.glances = this.disposables.add(new ResourceGlances(app, log));
    this.reader = this.disposables.add(new DetailReader(app));
    this.view = this.disposables.add(
      vscode.window.createTreeView(MACHINES_VIEW, {
        treeDataProvider: this,
        canSelectMany: true,
        showCollapseAll: true,
      }),
    );
    this.disposables.add(this.list.onDidChange(() => this.show()));
    this.disposables.add(this.glances.onDidChange((id) => this.showGlance(id)));
    this.disposables.add(
      this.reader.onDidChange(({ id, detail }) => this.showNode({ kind: 'detail', machineId: id, detail })),
    );
    this.disposables.add(
      forwards.onDidChange((id) => this.showNode({ kind: 'detail', machineId: id, detail: 'ports' })),
    );
    this.disposables.add(
      this.view.onDidChangeSelection(({ selection: [row, ...others] }) => {
        if (row && 'machineId' in row && others.length === 0) {
          this.selected.fire(row.machineId);
        }
      }),
    );
    this.disposables.add(this.view.onDidChangeVisibility(() => this.followVisibility()));
    this.disposables.add(this.view.onDidExpandElement(({ element }) => this.setExpanded(element, true)));
    this.disposables.add(this.view.onDidCollapseElement(({ element }) => this.setExpanded(element, false)));
    this.followVisibility();
  }

  refresh(): Promise<void> {
    for (const { id } of this.list.machines ?? []) {
      this.reader.expire(id);
    }
    return this.list.refresh();
  }

  /** Shows the machine in this state until the result is disposed: what a command has begun, the Engine does not know yet. */
  working(id: string, state: MachineState): Disposable {
    this.work.set(id, state);
    const show = () => this.showNode({ kind: 'machine', machineId: id });
    show();
    return {
      dispose: () => {
        this.work.delete(id);
        show();
      },
    };
  }

  getTreeItem(node: MachineNode): vscode.TreeItem {
    return rowItem(nodeId(node), this.row(node), node);
  }

  getParent(node: MachineNode): MachineNode | undefined {
    switch (node.kind) {
      case 'failure':
      case 'machine':
        return undefined;
      case 'detail':
        return this.nodes.of({ kind: 'machine', machineId: node.machineId });
      case 'diskPart':
        return this.nodes.of({ kind: 'detail', machineId: node.machineId, detail: 'disk' });
      case 'port':
        return this.nodes.of({ kind: 'detail', machineId: node.machineId, detail: 'ports' });
    }
  }

  async getChildren(node?: MachineNode): Promise<MachineNode[]> {
    const children = node ? this.below(node) : await this.roots();
    return children.map((child) => this.nodes.of(child));
  }

  dispose(): void {
    this.disposables.dispose();
  }

  private async roots(): Promise<MachineNode[]> {
    if (!this.list.machines && !this.list.failure) {
      await this.list.refresh();
    }
    const { failure, machines = [] } = this.list;
    if (failure) {
      return isHostFailure(failure) ? [] : [{ kind: 'failure' }];
    }
    return inOrder(machines, belongingOf).map(({ id }) => ({ kind: 'machine', machineId: id }));
  }

  private below(node: MachineNode): MachineNode[] {
    const info = node.kind === 'failure' ? undefined : this.shown(node.machineId);
    if (!info) {
      return [];
    }
    const machineId = info.id;
    if (node.kind === 'machine') {
      this.readDetails(machineId);
      return detailsOf(info).map((detail) => ({ kind: 'detail', machineId, detail }));
    }
    const { disk, ports } = this.details(machineId);
    if (node.kind === 'detail' && node.detail === 'disk' && disk && 'value' in disk) {
      return diskParts(disk.value).map((part) => ({ kind: 'diskPart', machineId, part }));
    }
    if (node.kind === 'detail' && node.detail === 'ports' && ports && 'value' in ports) {
      return ports.value.map(({ port }) => ({ kind: 'port', machineId, port }));
    }
    return [];
  }

  private row(node: MachineNode): Row {
    const { l10n } = vscode;
    if (node.kind === 'failure') {
      return this.failureRow();
    }
    const info = this.shown(node.machineId);
    const details = this.details(node.machineId);
    if (!info) {
      return { label: node.machineId, contextValue: 'gone', expands: 'never' };
    }
    switch (node.kind) {
      case 'machine':
        return machineRow(info, belongingOf(info), details.sample, l10n);
      case 'detail':
        return detailRow(node.detail, info, details, l10n);
      case 'diskPart':
        return details.disk && 'value' in details.disk
          ? diskPartRow(node.part, details.disk.value, l10n)
          : { label: node.part, contextValue: 'gone', expands: 'never' };
      case 'port': {
        const entries = details.ports && 'value' in details.ports ? details.ports.value : [];
        return portRow(entries.find(({ port }) => port === node.port) ?? { port: node.port }, l10n);
      }
    }
  }

  private shown(id: string): MachineInfo | undefined {
    const info = this.list.get(id);
    const state = this.work.get(id);
    return info && state ? { ...info, state } : info;
  }

  private details(id: string): MachineDetails {
    const followed = this.forwards.entries(id);
    return {
      sample: this.glances.get(id),
      disk: this.reader.disk(id),
      ports: followed ? { value: followed } : this.reader.ports(id),
    };
  }

  private failureRow(): Row {
    const why = forLabel(messageOf(this.list.failure), 300);
    return {
      label: vscode.l10n.t('The machines cannot be listed'),
      description: why,
      tooltip: why,
      icon: { id: 'error', color: 'charts.red' },
      contextValue: 'failure',
      expands: 'never',
    };
  }

  /** The list was read. */
  private show(): void {
    const { failure, machines = [] } = this.list;
    const state: ListState = failure
      ? isHostFailure(failure)
        ? 'noEngine'
        : 'failed'
      : machines.length === 0
        ? 'empty'
        : 'listed';
    void vscode.commands.executeCommand('setContext', LIST_CONTEXT, state);
    const before = this.shownAs;
    this.shownAs = new Map(inOrder(machines, belongingOf).map((info) => [info.id, JSON.stringify(info)]));
    const changed = [...this.shownAs].filter(([id, text]) => before.get(id) !== text).map(([id]) => id);
    for (const id of changed) {
      this.reader.expire(id);
    }
    this.nodes.keepOnly(new Set(this.shownAs.keys()));
    this.followRunning();
    const isSameList =
      state === this.shownState && [...before.keys()].join() === [...this.shownAs.keys()].join();
    this.shownState = state;
    if (!isSameList || state === 'failed') {
      this.changed.fire(undefined);
      return;
    }
    // Row by row: VS Code knows no row at all while it reads the whole tree again, and a click falls into the void.
    for (const machineId of changed) {
      this.showNode({ kind: 'machine', machineId });
    }
    for (const machineId of this.expanded) {
      this.readDetails(machineId);
    }
  }

  private readDetails(machineId: string): void {
    const info = this.shown(machineId);
    // What is being stopped or removed is left in peace.
    if (info && !this.work.has(machineId)) {
      this.reader.wantDisk(machineId);
      if (info.state === 'running' && !this.forwards.entries(machineId)) {
        this.reader.wantPorts(machineId);
      }
    }
  }

  /** A new sample: shown only if it reads differently. */
  private showGlance(id: string): void {
    const { description } = this.row({ kind: 'machine', machineId: id });
    if (this.descriptions.get(id) !== description) {
      this.descriptions.set(id, description);
      this.showNode({ kind: 'machine', machineId: id });
    }
  }

  private showNode(node: MachineNode): void {
    if (this.view.visible) {
      this.changed.fire(this.nodes.of(node));
    }
  }

  private followVisibility(): void {
    this.list.setVisible(this.view.visible === true);
    this.followRunning();
  }

  private followRunning(): void {
    const running = inOrder(this.list.machines ?? [], belongingOf).filter(({ state }) => state === 'running');
    // Those that the user looks into come first: not all can be sampled.
    const isLookedInto = (machine: MachineInfo) =>
      belongingOf(machine) === 'here' || this.expanded.has(machine.id);
    const wanted = [...running.filter(isLookedInto), ...running.filter((machine) => !isLookedInto(machine))];
    this.glances.follow(this.view.visible === true ? wanted.map(({ id }) => id) : []);
  }

  private setExpanded(node: MachineNode, isExpanded: boolean): void {
    if (node.kind === 'machine') {
      this.expanded[isExpanded ? 'add' : 'delete'](node.machineId);
      this.followRunning();
    }
  }
}

/** Without an Engine the view has an explanation and buttons in place of a row. */
function isHostFailure(error: Error): boolean {
  return error instanceof BulkheadError && error.kind === 'host';
}
