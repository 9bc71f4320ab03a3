import { posix, relative } from 'node:path';
import * as vscode from 'vscode';
import { type Disposable, DisposableList } from '../core/disposables';
import type { MachineInfo } from '../machine/hypervisor';
import type { Attachments } from './attachments';
import { SCHEME } from './machineUri';

/**
 * The guest's kernel trusts what it knows of a file for a second (virtiofsd's `--cache=auto`): an editor that looks sooner sees
 * the old state, and is not told again.
 */
const SETTLE_MS = 1_300;
/** More changes at once are told as one: look at the folder again. */
const CHANGES_MAX = 500;

/**
 * Follows what this computer changes in folders that are mounted into machines of this window: the guest's inotify does not see
 * that. `fire` gets the changes as the machine's; `lookAgain` is for too many of them.
 */
export function mountedFolders(
  attachments: Attachments,
  fire: (events: vscode.FileChangeEvent[]) => void,
  lookAgain: (id: string, folder: string) => void,
): Disposable {
  const followed = new Map<string, Disposable>();
  const list = new DisposableList();
  list.add(
    attachments.onDidChange(({ attachment: { id }, status }) => {
      const mounted = status.kind === 'attached' && status.info.workspaceMode === 'mount';
      if (mounted && !followed.has(id)) {
        followed.set(id, follow(status.info, fire, lookAgain));
      } else if (!mounted) {
        followed.get(id)?.dispose();
        followed.delete(id);
      }
    }),
  );
  list.add({
    dispose: () => {
      for (const each of followed.values()) {
        each.dispose();
      }
      followed.clear();
    },
  });
  return list;
}

function follow(
  { id, folder, workspaceFolder }: MachineInfo,
  fire: (events: vscode.FileChangeEvent[]) => void,
  lookAgain: (id: string, folder: string) => void,
): Disposable {
  const watcher = vscode.workspace.createFileSystemWatcher(
    new vscode.RelativePattern(vscode.Uri.file(folder), '**'),
  );
  const changes = new Map<string, vscode.FileChangeType>();
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    timer = undefined;
    const events = [...changes].map(([path, type]) => ({
      type,
      uri: vscode.Uri.from({ scheme: SCHEME, authority: id, path }),
    }));
    changes.clear();
    if (events.length > CHANGES_MAX) {
      lookAgain(id, workspaceFolder);
    } else {
      fire(events);
    }
  };
  const add = (type: vscode.FileChangeType) => (uri: vscode.Uri) => {
    const path = inGuest(folder, workspaceFolder, uri.fsPath);
    if (path !== undefined && changes.size <= CHANGES_MAX) {
      changes.set(path, type);
    }
    timer ??= setTimeout(tell, SETTLE_MS);
  };
  const list = new DisposableList();
  list.add(watcher);
  list.add(watcher.onDidCreate(add(vscode.FileChangeType.Created)));
  list.add(watcher.onDidChange(add(vscode.FileChangeType.Changed)));
  list.add(watcher.onDidDelete(add(vscode.FileChangeType.Deleted)));
  list.add({ dispose: () => clearTimeout(timer) });
  return list;
}

/** A path of the host's folder as the guest has it; undefined outside of the folder. */
export function inGuest(folder: string, workspaceFolder: string, path: string): string | undefined {
  const inside = relative(folder, path);
  return inside === '..' || inside.startsWith('../') ? undefined : posix.join(workspaceFolder, inside);
}
