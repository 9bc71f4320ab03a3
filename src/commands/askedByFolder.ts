import { basename } from 'node:path';
import * as vscode from 'vscode';
import { showWarning } from '../attach/notify';
import { machineFolder } from '../attach/terminalProfile';
import type { Disposable } from '../core/disposables';
import { messageOf } from '../core/errors';
import { forLabel } from '../core/plainText';
import type { FolderAsks } from '../settings/asks';
import { askOrigin, askText, isToldInFull } from '../views/askText';
import type { CommandContext } from './commandContext';
import { chooseAsks } from './reviewAsks';

/** Asks about what the folder's files ask for, if that has no answer yet. False if the user gave up. */
export async function askAboutFolder(context: CommandContext, folder: string): Promise<boolean> {
  let asks: FolderAsks;
  try {
    asks = await context.app.asks(folder);
  } catch (error) {
    // Settings that can't be read keep the machine from being made: that is said there, with a way to correct them.
    context.log.debug(`What ${folder} asks for is not known: ${messageOf(error)}`);
    return true;
  }
  return isOpen(asks) ? await ask(context, asks, vscode.l10n.t('Open Without')) : true;
}

/** A change of the files asks again, in the window that is open on the machine. Once for each state of them. */
export function followAsks(context: CommandContext): Disposable {
  const asked = new Map<string, string>();
  return context.hostSettings.onDidRead(({ id, drift: { asks } }) => {
    if (machineFolder()?.id !== id || !isOpen(asks) || asked.get(id) === asks.digest) {
      return;
    }
    asked.set(id, asks.digest);
    notify(context, id, asks).catch((error: unknown) => context.log.error(messageOf(error)));
  });
}

/** Something has no effect, and the user has not said that this is how he wants it. */
function isOpen({ asks, answered }: FolderAsks): boolean {
  return !answered && asks.some(({ granted }) => !granted);
}

async function notify(context: CommandContext, id: string, asks: FolderAsks): Promise<void> {
  const { t } = vscode.l10n;
  const review = t('Review…');
  const message = asks.asks.some(({ news }) => news)
    ? t(
        'The files of {0} now ask for more than you allowed. What you allowed before counts no longer either, until you have looked at it.',
        shownName(asks),
      )
    : t('The files of {0} ask for what only you can allow. Until then it has no effect.', shownName(asks));
  if ((await showWarning(message, review)) === review) {
    // The files may have changed again while the notification stood there.
    const drift = (await context.hostSettings.read(id))?.asks ?? asks;
    await ask(context, drift, t('Go On Without'));
    await context.hostSettings.read(id);
  }
}

/** `without` stands first, where Enter is: what opens the wall needs a choice of its own. */
async function ask(context: CommandContext, asks: FolderAsks, without: string): Promise<boolean> {
  const { t } = vscode.l10n;
  const allow = t('Allow');
  const choose = t('Choose…');
  const open = asks.asks.filter(({ granted }) => !granted);
  // One click must not allow what the dialog has no room for.
  const isWhole = asks.asks.every(isToldInFull);
  const detail = [
    t('Its files ask that the VM may:'),
    '',
    ...open.map((each) => `• ${askText(each)}\n   ${askOrigin(each)}`),
    '',
    ...(isWhole ? [] : [t('It is more than has room here: Choose… lists all of it.'), '']),
    t(
      'Nothing of it has an effect unless you allow it. Your answer is kept outside the folder, and counts until the files ask for something else.',
    ),
  ].join('\n');
  const message = t('Allow what {0} asks for?', shownName(asks));
  const pressed = await vscode.window.showWarningMessage(
    message,
    { modal: true, detail },
    without,
    ...(isWhole ? [allow] : []),
    choose,
  );
  if (pressed === choose) {
    return chooseAsks(context, asks);
  }
  if (pressed === undefined) {
    return false;
  }
  await context.app.grant(asks.folder, asks.digest, pressed === allow ? 'all' : []);
  return true;
}

function shownName({ folder }: FolderAsks): string {
  return forLabel(basename(folder));
}
