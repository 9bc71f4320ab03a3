import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { FileLists } from '../../attach/fileLists';
import { guestPathOf, isWithin, machineIdOf } from '../../attach/machineUri';
import { splitPlace } from '../../attach/rankPaths';
import { type GuestFolder, guestUri } from '../../attach/searchedFolder';
import { DisposableList } from '../../core/disposables';
import { isCancelled, messageOf } from '../../core/errors';
import { forLabel } from '../../core/plainText';
import { inOurOrder, throttled } from './quickPickOrder';

/** Rows at a time: who needs more types more. */
const ROWS_MAX = 200;
const RECENT_MAX = 20;
/** Milliseconds between looks at a list that is still coming in. */
const UPDATE_MS = 120;

interface Row extends vscode.QuickPickItem {
  /** Relative to the folder. */
  path?: string;
}

/** Resolves when the pick is closed, with the file that was opened in it. */
export function pickFile(lists: FileLists, folder: GuestFolder): Promise<void> {
  const pick = inOurOrder(vscode.window.createQuickPick<Row>());
  const disposables = new DisposableList();
  const listing = new AbortController();
  const toSide: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon('split-horizontal'),
    tooltip: vscode.l10n.t('Open to the Side'),
  };
  const recent = recentPaths(folder);
  let failure: string | undefined;
  pick.placeholder = vscode.l10n.t('File name, or part of it; a line behind it goes there (main.ts:12)');
  pick.title = vscode.l10n.t('Go to File in VM');
  pick.busy = true;

  const show = () => {
    const { paths, summary } = lists.get(folder);
    const { query } = splitPlace(pick.value.trim());
    const toRow = (path: string): Row => ({
      label: forLabel(posix.basename(path), 300),
      description: forLabel(posix.dirname(path) === '.' ? '' : posix.dirname(path), 300),
      iconPath: vscode.ThemeIcon.File,
      alwaysShow: true,
      buttons: [toSide],
      path,
    });
    const rows: Row[] = [];
    const found = paths.best(query, ROWS_MAX + 1);
    if (query === '' && recent.length > 0) {
      rows.push(separator(vscode.l10n.t('recently opened')), ...recent.map(toRow));
      rows.push(separator(vscode.l10n.t('files in the VM')));
    }
    const others = found.filter((path) => query !== '' || !recent.includes(path));
    rows.push(...others.slice(0, ROWS_MAX).map(toRow));
    if (failure !== undefined) {
      rows.push(note(`$(error) ${forLabel(failure, 300)}`));
    } else if (found.length > ROWS_MAX) {
      rows.push(
        note(
          `$(info) ${vscode.l10n.t('The best {0} are shown; {1} files are known. Type more to see others.', ROWS_MAX, paths.length)}`,
        ),
      );
    } else if (summary && found.length === 0) {
      rows.push(note(`$(info) ${vscode.l10n.t('No file has these letters in its name.')}`));
    }
    if (summary && summary.end !== 'complete') {
      rows.push(
        note(
          `$(warning) ${vscode.l10n.t('Only the first {0} files of this folder are known.', summary.files)}`,
        ),
      );
    }
    pick.items = rows;
  };
  const update = disposables.add(throttled(show, UPDATE_MS));

  const open = async (path: string, typed: string, column?: vscode.ViewColumn) => {
    const { line, column: character } = splitPlace(typed);
    const uri = guestUri(folder.id, posix.join(folder.path, path));
    const at = new vscode.Position(Math.max(0, (line ?? 1) - 1), Math.max(0, (character ?? 1) - 1));
    await vscode.commands.executeCommand('vscode.open', uri, {
      ...(line !== undefined && { selection: new vscode.Range(at, at) }),
      ...(column !== undefined && { viewColumn: column }),
    });
  };

  let opening: Promise<void> | undefined;
  const choose = (row: Row | undefined, column?: vscode.ViewColumn) => {
    if (row?.path !== undefined) {
      opening = open(row.path, pick.value.trim(), column);
      pick.hide();
    }
  };

  return new Promise((resolve) => {
    disposables.add(pick.onDidChangeValue(show));
    disposables.add(lists.onDidChange(update));
    disposables.add(pick.onDidAccept(() => choose(pick.activeItems[0])));
    disposables.add(pick.onDidTriggerItemButton(({ item }) => choose(item, vscode.ViewColumn.Beside)));
    disposables.add(
      pick.onDidHide(() => {
        listing.abort();
        disposables.dispose();
        pick.dispose();
        resolve(opening);
      }),
    );
    show();
    pick.show();
    lists
      .refresh(folder, listing.signal)
      .catch((error: unknown) => {
        failure = isCancelled(error) ? undefined : messageOf(error);
      })
      .finally(() => {
        if (!listing.signal.aborted) {
          pick.busy = false;
          show();
        }
      });
  });
}

function separator(label: string): Row {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}

function note(label: string): Row {
  return { label, alwaysShow: true };
}

/** Files of the folder that are open, those in front first. */
function recentPaths(folder: GuestFolder): string[] {
  const paths = new Set<string>();
  const tabs = vscode.window.tabGroups.all.flatMap((group) =>
    [...group.tabs].sort((a, b) => Number(b.isActive) - Number(a.isActive)),
  );
  for (const { input } of tabs) {
    const uri = input instanceof vscode.TabInputText ? input.uri : undefined;
    const path = uri && machineIdOf(uri) === folder.id ? guestPathOf(uri) : undefined;
    if (path !== undefined && path !== folder.path && isWithin(folder.path, path)) {
      paths.add(posix.relative(folder.path, path));
    }
  }
  return [...paths].slice(0, RECENT_MAX);
}
