import * as vscode from 'vscode';
import { followSettings } from './applySettings';
import { followAsks } from './askedByFolder';
import type { CommandContext } from './commandContext';
import { keepProgramsInVm } from './keepProgramsInVm';
import { announceDenials } from './network/denialNotices';
import { announceNewPorts } from './portNotices';
import { announceWithheldSettings } from './withheldSettings';

/** What a window says by itself: new ports, settings that changed, terminals and tasks that would not be in the VM. */
export function giveNotices(context: CommandContext): vscode.Disposable {
  return vscode.Disposable.from(
    announceNewPorts(context),
    announceDenials(context),
    followSettings(context),
    followAsks(context),
    keepProgramsInVm(context),
    announceWithheldSettings(context),
  );
}
