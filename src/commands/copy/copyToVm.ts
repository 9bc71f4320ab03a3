import { homedir } from 'node:os';
import { posix } from 'node:path';
import * as vscode from 'vscode';
import { guestPathOf, machineIdOf } from '../../attach/machineUri';
import { askLine } from '../../attach/notify';
import { machineFolder } from '../../attach/terminalProfile';
import { forLabel } from '../../core/plainText';
import { lateProgress } from '../../views/lateProgress';
import { attempt, type CommandContext } from '../commandContext';
import { pickMachine } from '../pickMachine';
import { copyQuestions } from './copyQuestions';
import { showSummary } from './copySummary';

export interface CopyTarget {
  /** The machine's. */
  id: string;
  name: string;
  /** Absolute guest path. */
  folder: string;
}

/**
 * Files and folders of this computer go into the VM: from a window on a machine into the folder that was clicked, from any
 * other window what was clicked into a machine that the user picks.
 */
export async function copyToVm(context: CommandContext, ...args: unknown[]): Promise<void> {
  const [clicked, selected] = args;
  const uris = (Array.isArray(selected) && selected.length > 0 ? selected : [clicked]).filter(
    (uri: unknown) => uri instanceof vscode.Uri,
  );
  const local = uris.filter(({ scheme }) => scheme === 'file');
  const inVm = uris.find((uri) => machineIdOf(uri) !== undefined);
  const sources = local.length > 0 ? local : await chooseSources();
  const target = sources && (inVm ? await clickedFolder(context, inVm) : await chooseTarget(context));
  if (target) {
    await copyInto(
      context,
      sources.map(({ fsPath }) => fsPath),
      target,
    );
  }
}

/** Copies with progress and questions, and says what came of it. For drops too. */
export async function copyInto(
  context: CommandContext,
  sources: string[],
  target: CopyTarget,
): Promise<void> {
  const { id, folder } = target;
  const title = vscode.l10n.t('Copying to {0}', forLabel(target.name, 80));
  const done = await attempt(
    context,
    title,
    (signal, onProgress) =>
      context.app.copyIn(id, sources, { folder, questions: copyQuestions(), signal, onProgress }),
    lateProgress,
  );
  if (done) {
    await showSummary(context, done.value, `${target.name}:${folder}`, []);
  }
}

async function clickedFolder(context: CommandContext, uri: vscode.Uri): Promise<CopyTarget | undefined> {
  const id = machineIdOf(uri);
  const path = guestPathOf(uri);
  if (id === undefined || path === undefined) {
    return undefined;
  }
  const attachment = context.attachments.hold(id);
  const { info } = await attachment.machine();
  const { type } = await (await attachment.files()).stat(path);
  return { id, name: info.name, folder: type === 'directory' ? path : posix.dirname(path) };
}

/** The window's own folder; else a running machine, and a folder in it. */
async function chooseTarget(context: CommandContext): Promise<CopyTarget | undefined> {
  const own = machineFolder();
  if (own) {
    const { info } = await context.attachments.hold(own.id).machine();
    return { id: own.id, name: info.name, folder: own.path };
  }
  const machine = await pickMachine(context, vscode.l10n.t('Copy to which VM?'), ['running']);
  if (!machine) {
    return undefined;
  }
  const folder = await askLine({
    title: vscode.l10n.t('Copy to {0}', forLabel(machine.name, 80)),
    prompt: vscode.l10n.t('Folder in the VM'),
    value: machine.workspaceFolder,
    problem: (text) =>
      text.startsWith('/') ? undefined : vscode.l10n.t('Give a path that begins with "/".'),
  });
  return folder === undefined ? undefined : { id: machine.id, name: machine.name, folder };
}

/** A desktop's dialog shows either files or folders, so that comes first. */
async function chooseSources(): Promise<vscode.Uri[] | undefined> {
  const rows = [
    { label: `$(files) ${vscode.l10n.t('Files…')}`, folders: false },
    { label: `$(folder) ${vscode.l10n.t('Folders…')}`, folders: true },
  ];
  const title = vscode.l10n.t('Copy to VM');
  const kind = await vscode.window.showQuickPick(rows, { title });
  return (
    kind &&
    vscode.window.showOpenDialog({
      canSelectFiles: !kind.folders,
      canSelectFolders: kind.folders,
      canSelectMany: true,
      defaultUri: vscode.Uri.file(homedir()),
      title,
      openLabel: vscode.l10n.t('Copy to VM'),
    })
  );
}
