import type { Detail, DiskPart } from './detailRows';

/** A row of the Machines view, and the argument of commands that are called on it. */
export type MachineNode =
  | { readonly kind: 'failure' }
  | { readonly kind: 'machine'; readonly machineId: string }
  | { readonly kind: 'detail'; readonly machineId: string; readonly detail: Detail }
  | { readonly kind: 'diskPart'; readonly machineId: string; readonly part: DiskPart }
  | { readonly kind: 'port'; readonly machineId: string; readonly port: number };

/** Names the row for as long as what it shows exists, so that a refresh keeps what is expanded and selected. */
export function nodeId(node: MachineNode): string {
  switch (node.kind) {
    case 'failure':
      return 'failure';
    case 'machine':
      return node.machineId;
    case 'detail':
      return `${node.machineId}/${node.detail}`;
    case 'diskPart':
      return `${node.machineId}/disk/${node.part}`;
    case 'port':
      return `${node.machineId}/ports/${node.port}`;
  }
}

/** One object for each row: VS Code knows a row that is to be shown again by its object. */
export class MachineNodes {
  private readonly nodes = new Map<string, MachineNode>();

  of(node: MachineNode): MachineNode {
    const id = nodeId(node);
    const known = this.nodes.get(id) ?? node;
    this.nodes.set(id, known);
    return known;
  }

  /** Drops the rows of machines that are no more. */
  keepOnly(machineIds: ReadonlySet<string>): void {
    for (const [id, node] of this.nodes) {
      if (node.kind !== 'failure' && !machineIds.has(node.machineId)) {
        this.nodes.delete(id);
      }
    }
  }
}
