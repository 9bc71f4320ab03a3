import { basename } from 'node:path';
import * as vscode from 'vscode';
import { showInformation } from '../attach/notify';
import { machineFolder } from '../attach/terminalProfile';
import { forLabel } from '../core/plainText';
import type { Ask, FolderAsks } from '../settings/asks';
import { askOrigin, askText } from '../views/askText';
import type { CommandContext } from './commandContext';

/** Values that a row of the choice names. */
const NAMED_IN_ROW = 4;
/** Characters of a value that such a row has room for; and of one that has a row of its own. */
const LONG = 40;
const LONGEST = 300;

/** What the window's folder asks for: what is ticked counts, what is not does not. */
export async function reviewAsks(context: CommandContext): Promise<void> {
  const { t } = vscode.l10n;
  const own = machineFolder();
  const folder = own ? await folderOfMachine(context, own.id) : await localFolder();
  if (folder === undefined) {
    await showInformation(t('Open the folder first whose files you want to look at.'));
    return;
  }
  const asks = await context.app.asks(folder);
  if (asks.asks.length === 0) {
    await showInformation(
      t('The files of {0} ask for nothing beyond the safe defaults.', forLabel(basename(folder))),
    );
    return;
  }
  if ((await chooseAsks(context, asks)) && own) {
    await context.hostSettings.read(own.id);
  }
}

/** Lets the user tick what counts. False if he gave up; nothing has changed then. */
export async function chooseAsks(context: CommandContext, asks: FolderAsks): Promise<boolean> {
  const { t } = vscode.l10n;
  if (!(await readAll(asks))) {
    return false;
  }
  const items = asks.asks.map(rowOf);
  const picked = await vscode.window.showQuickPick(items, {
    canPickMany: true,
    title: t('What {0} asks for', forLabel(basename(asks.folder))),
    placeHolder: t('Tick what the VM may do; Escape leaves it as it is'),
    matchOnDetail: true,
  });
  if (!picked) {
    return false;
  }
  const ticked = picked.map(({ ask }) => ask.kind);
  // Of one that counts in part nothing is left either: its row was not ticked.
  const unticked = asks.asks.filter(({ kind }) => !ticked.includes(kind));
  if (unticked.length > 0) {
    await context.app.revokeGrants(asks.folder, { kinds: unticked.map(({ kind }) => kind) });
  }
  await context.app.grant(asks.folder, asks.digest, ticked);
  return true;
}

/** A row of the choice has room for a few values: where there are more, all of them are read first, each in a row of its own. */
async function readAll(asks: FolderAsks): Promise<boolean> {
  const { t } = vscode.l10n;
  const isCut = ({ values }: Ask) =>
    values.length > NAMED_IN_ROW || values.some((value) => value.length > LONG);
  const items = asks.asks
    .filter(isCut)
    .flatMap((ask) =>
      ask.values.map((value) => ({ label: forLabel(value, LONGEST), description: askOrigin(ask) })),
    );
  if (items.length === 0) {
    return true;
  }
  const read = await vscode.window.showQuickPick(items, {
    title: t('All that {0} asks for: {1}', forLabel(basename(asks.folder)), items.length),
    placeHolder: t('Enter goes on to the choice; Escape leaves it as it is'),
    ignoreFocusOut: true,
  });
  return read !== undefined;
}

function rowOf(ask: Ask) {
  return {
    label: askText(ask, NAMED_IN_ROW),
    description: partly(ask),
    detail: askOrigin(ask),
    picked: ask.granted,
    ask,
  };
}

function partly({ granted, grantedValues }: Ask): string {
  return !granted && grantedValues.length > 0
    ? vscode.l10n.t('allowed of it: {0}', forLabel(grantedValues.join(', ')))
    : '';
}

async function folderOfMachine(context: CommandContext, id: string): Promise<string> {
  return context.hostFolders.folderOf(id) ?? (await context.app.find(id)).folder;
}

/** The window's folder on this computer; asks if it has several. */
async function localFolder(): Promise<string | undefined> {
  const local = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  if (local.length <= 1) {
    return local[0]?.uri.fsPath;
  }
  const items = local.map(({ name, uri }) => ({ label: forLabel(name), description: uri.fsPath }));
  const placeHolder = vscode.l10n.t('Whose files do you want to look at?');
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.description;
}
