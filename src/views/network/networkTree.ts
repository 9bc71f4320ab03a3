import * as vscode from 'vscode';
import type { App } from '../../app';
import type { Attachments } from '../../attach/attachments';
import type { NetworkRequests } from '../../attach/networkRequests';
import { type Disposable, DisposableList } from '../../core/disposables';
import { messageOf } from '../../core/errors';
import type { Log } from '../../core/log';
import { forLabel } from '../../core/plainText';
import type { NetworkPolicy, NetworkRow } from '../../network/networkService';
import type { Row } from '../row';
import { rowItem } from '../rowItem';
import { policyRow, requestRow, ruleRow } from './networkRow';

export const NETWORK_VIEW = 'bulkhead.network';
/** `when` key of package.json's viewsWelcome: `none` (no machine), `listed`. */
const LIST_CONTEXT = 'bulkhead.networkList';

/** Rows of one machine; the guest decides how many hosts it asks for. */
const MAX_ROWS = 200;
/** A flood of requests is drawn at this pace. */
const DRAW_MS = 500;

/** A row of the Network view, and the argument of commands that are called on it. */
export type NetworkNode =
  | { readonly kind: 'machineNetwork'; readonly machineId: string }
  | { readonly kind: 'policy'; readonly machineId: string; readonly policy: NetworkPolicy }
  | { readonly kind: 'rule'; readonly machineId: string; readonly rule: string; readonly row: Row }
  | { readonly kind: 'request'; readonly machineId: string; readonly host: string; readonly port: number };

/** The Network view: what the guest of the window's machine asked for, allowed and denied. Watched while it is visible. */
export class NetworkTree implements vscode.TreeDataProvider<NetworkNode>, Disposable {
  private readonly changed = new vscode.EventEmitter<NetworkNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly disposables = new DisposableList();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly app: Pick<App, 'networkPolicy'>,
    private readonly requests: NetworkRequests,
    private readonly attachments: Attachments,
    private readonly log: Log,
  ) {
    const view = vscode.window.createTreeView(NETWORK_VIEW, { treeDataProvider: this, canSelectMany: false });
    this.disposables.add(this.changed);
    this.disposables.add(view);
    this.disposables.add(
      view.onDidChangeVisibility(({ visible }) => {
        requests.look('view', visible);
        this.refresh();
      }),
    );
    this.disposables.add(
      requests.onDidChange(() => {
        this.showState();
        if (view.visible) {
          this.timer ??= setTimeout(() => this.refresh(), DRAW_MS);
        }
      }),
    );
    requests.look('view', view.visible);
  }

  /** Draws it anew: rules or requests have changed. */
  refresh(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.changed.fire(undefined);
  }

  getTreeItem(node: NetworkNode): vscode.TreeItem {
    return rowItem(idOf(node), this.row(node), node);
  }

  async getChildren(node?: NetworkNode): Promise<NetworkNode[]> {
    switch (node?.kind) {
      case undefined: {
        const machines = this.requests.list();
        const [only] = machines;
        return machines.length === 1 && only !== undefined
          ? this.childrenOf(only)
          : machines.map((machineId) => ({ kind: 'machineNetwork', machineId }));
      }
      case 'machineNetwork':
        return this.childrenOf(node.machineId);
      case 'policy':
        return node.policy.rules.slice(0, MAX_ROWS).map((rule) => ({
          kind: 'rule',
          machineId: node.machineId,
          rule: rule.host,
          row: ruleRow(rule, vscode.l10n),
        }));
      default:
        return [];
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.disposables.dispose();
  }

  private async childrenOf(machineId: string): Promise<NetworkNode[]> {
    const requests = this.requests
      .rows(machineId)
      .slice(0, MAX_ROWS)
      .map(({ host, port }): NetworkNode => ({ kind: 'request', machineId, host, port }));
    try {
      const policy = await this.app.networkPolicy(machineId);
      return [{ kind: 'policy', machineId, policy }, ...requests];
    } catch (error) {
      // The machine is on its way out, or the Engine does not answer: what was seen stays to be read.
      this.log.debug(`${machineId}: its network rules are not known: ${messageOf(error)}`);
      return requests;
    }
  }

  private row(node: NetworkNode): Row {
    switch (node.kind) {
      case 'policy':
        return policyRow(node.policy, vscode.l10n);
      case 'rule':
        return node.row;
      case 'request':
        return requestRow(this.find(node), vscode.l10n);
      case 'machineNetwork': {
        const status = this.attachments.get(node.machineId)?.status;
        const name = status && status.kind !== 'idle' ? status.info?.name : undefined;
        return {
          label: forLabel(name ?? node.machineId),
          icon: { id: 'vm' },
          contextValue: 'machineNetwork',
          expands: 'expanded',
        };
      }
    }
  }

  private find(node: Extract<NetworkNode, { kind: 'request' }>): NetworkRow {
    const { host, port } = node;
    const found = this.requests.rows(node.machineId).find((row) => row.host === host && row.port === port);
    // Gone since the children were listed: the next drawing leaves it out.
    const gone = { allowed: false, count: 0, deniedCount: 0, receivedBytes: 0, firstAt: 0, lastAt: 0 };
    return found ?? { host, port, ...gone };
  }

  private showState(): void {
    const state = this.requests.list().length === 0 ? 'none' : 'listed';
    void vscode.commands.executeCommand('setContext', LIST_CONTEXT, state);
  }
}

function idOf(node: NetworkNode): string {
  switch (node.kind) {
    case 'request':
      return `${node.machineId}/request/${node.host}:${node.port}`;
    case 'rule':
      return `${node.machineId}/rule/${node.rule}/${node.row.description ?? ''}`;
    default:
      return `${node.machineId}/${node.kind}`;
  }
}
