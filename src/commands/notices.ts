import * as vscode from 'vscode';
import { followSettings } from './applySettings';
import type { CommandContext } from './commandContext';
import { watchForHostTerminals } from './hostTerminalNotice';
import { announceNewPorts } from './portNotices';

/** What a window says by itself: new ports, settings that changed, terminals that are not in the VM. */
export function giveNotices(context: CommandContext): vscode.Disposable {
  return vscode.Disposable.from(
    announceNewPorts(context),
    followSettings(context),
    watchForHostTerminals(context),
  );
}
