import * as vscode from 'vscode';
import { DisposableList } from '../../core/disposables';
import { guestPathOf, machineIdOf, SCHEME } from '../machineUri';
import { type ChangeLook, explorerLook } from './changeLook';
import { absolutePath } from './gitPaths';
import { lookWord } from './gitResource';
import type { SourceControls } from './sourceControls';

/** More changed files than this, and every visible file is asked about again. */
const FIRED_MAX = 500;

/** Letters and colours of changed files: in the explorer, on tabs and in the SCM view. */
export function registerGitDecorations(sources: SourceControls): vscode.Disposable {
  const disposables = new DisposableList();
  const changed = disposables.add(new vscode.EventEmitter<vscode.Uri[] | undefined>());
  let looks = new Map<string, ChangeLook>();
  disposables.add(
    sources.onDidChange(() => {
      const before = looks;
      looks = looksOf(sources);
      const different = [...new Set([...before.keys(), ...looks.keys()])].filter(
        (key) =>
          before.get(key)?.badge !== looks.get(key)?.badge ||
          before.get(key)?.color !== looks.get(key)?.color,
      );
      if (different.length > 0) {
        changed.fire(different.length > FIRED_MAX ? undefined : different.map(uriOf));
      }
    }),
  );
  disposables.add(
    vscode.window.registerFileDecorationProvider({
      onDidChangeFileDecorations: changed.event,
      provideFileDecoration(uri) {
        const id = machineIdOf(uri);
        const look = id === undefined ? undefined : looks.get(`${id}:${guestPathOf(uri)}`);
        if (!look) {
          return undefined;
        }
        const decoration = new vscode.FileDecoration(
          look.badge,
          lookWord(look.word),
          new vscode.ThemeColor(look.color),
        );
        decoration.propagate = !look.deleted;
        return decoration;
      },
    }),
  );
  return disposables;
}

function looksOf(sources: SourceControls): Map<string, ChangeLook> {
  const looks = new Map<string, ChangeLook>();
  for (const { id, root, status } of sources.list()) {
    for (const change of status?.changes ?? []) {
      const look = explorerLook(change);
      if (look) {
        looks.set(`${id}:${absolutePath(root, change.path)}`, look);
      }
    }
  }
  return looks;
}

function uriOf(key: string): vscode.Uri {
  const colon = key.indexOf(':');
  return vscode.Uri.from({ scheme: SCHEME, authority: key.slice(0, colon), path: key.slice(colon + 1) });
}
