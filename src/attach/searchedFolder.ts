import * as vscode from 'vscode';
import type { FileScope } from '../guest/searchQuery';
import { guestPathOf, machineIdOf, SCHEME } from './machineUri';
import { machineFolder } from './terminalProfile';

/** A folder in a machine. */
export interface GuestFolder {
  id: string;
  path: string;
}

/** Where to search: the workspace folder that the editor in front belongs to, else the window's first. */
export function searchedFolder(): GuestFolder | undefined {
  const open = vscode.window.activeTextEditor?.document.uri;
  const folder = open && vscode.workspace.getWorkspaceFolder(open);
  const id = folder && machineIdOf(folder.uri);
  const path = folder && guestPathOf(folder.uri);
  return id !== undefined && path !== undefined ? { id, path } : machineFolder();
}

export function guestUri(id: string, path: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, authority: id, path });
}

/** A workspace's own settings may come from the guest: no more of them than this. */
const PATTERNS_MAX = 200;
const PATTERN_MAX = 200;

/** What "files.exclude" and, for searching, "search.exclude" leave out. */
export function excludeSettings(folder: GuestFolder): FileScope['exclude'] {
  const uri = guestUri(folder.id, folder.path);
  const patterns = ['files', 'search'].flatMap((section) => {
    const value: unknown = vscode.workspace.getConfiguration(section, uri).get('exclude');
    return typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([pattern, on]) => (on === true ? [pattern] : []))
      : [];
  });
  return patterns
    .filter((pattern) => pattern !== '' && pattern.length <= PATTERN_MAX && !pattern.includes('\0'))
    .slice(0, PATTERNS_MAX);
}
