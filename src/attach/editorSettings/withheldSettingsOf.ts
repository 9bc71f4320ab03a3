import * as vscode from 'vscode';
import type { App } from '../../app';
import type { Memory } from '../hostFolders';
import { harmlessSettings } from './harmlessSettings';
import { WithheldSettings } from './withheldSettings';

/** For this window's extensions. */
export function withheldSettingsOf(app: Pick<App, 'editorSettings'>, memory: Memory): WithheldSettings {
  return new WithheldSettings(app, memory, () => harmlessSettings(vscode.extensions.all));
}
