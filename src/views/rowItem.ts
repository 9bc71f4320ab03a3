import * as vscode from 'vscode';
import type { Row } from './row';

const COLLAPSIBLE = {
  never: vscode.TreeItemCollapsibleState.None,
  collapsed: vscode.TreeItemCollapsibleState.Collapsed,
  expanded: vscode.TreeItemCollapsibleState.Expanded,
};

/** The row as VS Code shows it. `id` is stable, so that a refresh keeps what is expanded and selected. */
export function rowItem(id: string, row: Row, argument: unknown): vscode.TreeItem {
  const item = new vscode.TreeItem(row.label, COLLAPSIBLE[row.expands]);
  item.id = id;
  item.contextValue = row.contextValue;
  const spoken = [row.label, row.description ?? ''].filter((text) => text !== '').join(', ');
  item.accessibilityInformation = { label: spoken };
  item.tooltip = row.tooltip ?? spoken;
  if (row.description !== undefined) {
    item.description = row.description;
  }
  if (row.icon) {
    const color = row.icon.color === undefined ? undefined : new vscode.ThemeColor(row.icon.color);
    item.iconPath = new vscode.ThemeIcon(row.icon.id, color);
  }
  if (row.command) {
    item.command = { command: row.command.id, title: row.command.title, arguments: [argument] };
  }
  return item;
}
