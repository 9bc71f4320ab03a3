import * as vscode from 'vscode';
import type { App } from '../../app';
import { machineIdOf } from '../../attach/machineUri';
import { type Disposable, DisposableList } from '../../core/disposables';
import type { Log } from '../../core/log';
import type { Remedy } from '../../settings/settingsProblem';
import { isInRoot, SettingsDiagnostics } from './settingsDiagnostics';

const SETTINGS_FILES: vscode.DocumentSelector = [
  { pattern: '**/.bulkhead.json' },
  { pattern: '**/devcontainer.json' },
  { pattern: '**/.devcontainer.json' },
];

/**
 * Settings files in the editor: Bulkhead's problems, the lightbulb on them, and the way from the VM's copy of the file
 * to the one that counts (`openSettingsFile` is the command).
 */
export function registerSettingsFiles(
  app: Pick<App, 'checkSettingsText' | 'remedyEdits'>,
  log: Log,
  openSettingsFile: string,
): Disposable {
  const list = new DisposableList();
  const diagnostics = list.add(new SettingsDiagnostics(app, log));
  list.add(
    vscode.languages.registerCodeActionsProvider(
      SETTINGS_FILES,
      {
        provideCodeActions: (document, range) =>
          Promise.all(
            diagnostics
              .at(document, range)
              .flatMap(({ diagnostic, problem }) =>
                problem
                  ? (problem.remedies ?? []).map((remedy, index) =>
                      fixOf(app, document, diagnostic, remedy, index === 0),
                    )
                  : [opening(diagnostic, openSettingsFile)],
              ),
          ),
      },
      { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] },
    ),
  );
  list.add(
    vscode.languages.registerCodeLensProvider(
      { pattern: '**/.bulkhead.json' },
      {
        provideCodeLenses: ({ uri }) =>
          machineIdOf(uri) === undefined || !isInRoot(uri)
            ? []
            : [
                new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), {
                  title: vscode.l10n.t("$(info) The VM's copy: the file on this computer counts. Open it"),
                  command: openSettingsFile,
                }),
              ],
      },
    ),
  );
  return list;
}

async function fixOf(
  app: Pick<App, 'remedyEdits'>,
  document: vscode.TextDocument,
  diagnostic: vscode.Diagnostic,
  remedy: Remedy,
  preferred: boolean,
): Promise<vscode.CodeAction> {
  const action = new vscode.CodeAction(titleOf(remedy), vscode.CodeActionKind.QuickFix);
  action.diagnostics = [diagnostic];
  // What only takes something out is not what "fix all" should do.
  action.isPreferred = preferred && remedy.kind !== 'remove';
  action.edit = new vscode.WorkspaceEdit();
  for (const { offset, length, content } of await app.remedyEdits(document.getText(), remedy)) {
    const range = new vscode.Range(document.positionAt(offset), document.positionAt(offset + length));
    action.edit.replace(document.uri, range, content);
  }
  return action;
}

function opening(diagnostic: vscode.Diagnostic, command: string): Promise<vscode.CodeAction> {
  const title = vscode.l10n.t('Open the file on this computer');
  const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
  action.diagnostics = [diagnostic];
  action.isPreferred = true;
  action.command = { command, title };
  return Promise.resolve(action);
}

function titleOf(remedy: Remedy): string {
  const name = String(remedy.path.at(-1) ?? '');
  switch (remedy.kind) {
    case 'rename':
      return vscode.l10n.t('Change to "{0}"', remedy.to);
    case 'replace':
      return vscode.l10n.t('Change to {0}', JSON.stringify(remedy.value));
    case 'remove':
      return typeof remedy.path.at(-1) === 'number'
        ? vscode.l10n.t('Remove this entry')
        : vscode.l10n.t('Remove "{0}"', name.slice(0, 60));
  }
}
