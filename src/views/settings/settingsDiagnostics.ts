import * as vscode from 'vscode';
import type { App } from '../../app';
import { machineIdOf } from '../../attach/machineUri';
import { type Disposable, DisposableList } from '../../core/disposables';
import { messageOf } from '../../core/errors';
import type { Log } from '../../core/log';
import { type SettingsFileKind, settingsFileKind } from '../../settings/settingsFiles';
import type { SettingsProblem } from '../../settings/settingsProblem';

/** Quiet time (ms) after a key was pressed. */
const SETTLE_MS = 300;
const SOURCE = 'bulkhead';

export interface ReportedProblem {
  diagnostic: vscode.Diagnostic;
  /** Undefined for the note that a file is the VM's copy. */
  problem?: SettingsProblem;
}

/** Bulkhead's problems of the settings files that are open, saved or not. */
export class SettingsDiagnostics implements Disposable {
  private readonly disposables = new DisposableList();
  private readonly collection = this.disposables.add(vscode.languages.createDiagnosticCollection(SOURCE));
  private readonly reported = new Map<string, ReportedProblem[]>();
  private readonly timers = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly app: Pick<App, 'checkSettingsText'>,
    private readonly log: Log,
  ) {
    const { disposables } = this;
    disposables.add(vscode.workspace.onDidOpenTextDocument((document) => this.later(document, 0)));
    disposables.add(
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.later(document, SETTLE_MS)),
    );
    // Saved: what it names may have come or gone meanwhile.
    disposables.add(vscode.workspace.onDidSaveTextDocument((document) => this.later(document, 0)));
    disposables.add(vscode.workspace.onDidCloseTextDocument((document) => this.forget(document)));
    for (const document of vscode.workspace.textDocuments) {
      this.later(document, 0);
    }
  }

  /** What was reported that touches the range. */
  at(document: vscode.TextDocument, range: vscode.Range): ReportedProblem[] {
    const all = this.reported.get(document.uri.toString()) ?? [];
    return all.filter(({ diagnostic }) => diagnostic.range.intersection(range));
  }

  dispose(): void {
    for (const timer of this.timers.values()) {
      clearTimeout(timer);
    }
    this.disposables.dispose();
  }

  private later(document: vscode.TextDocument, ms: number): void {
    const kind = checkedKind(document);
    if (kind === undefined) {
      return;
    }
    const key = document.uri.toString();
    clearTimeout(this.timers.get(key));
    this.timers.set(
      key,
      setTimeout(() => {
        this.timers.delete(key);
        this.check(document, kind).catch((error: unknown) =>
          this.log.error(`${key}: could not be checked: ${messageOf(error)}`),
        );
      }, ms),
    );
  }

  private async check(document: vscode.TextDocument, kind: SettingsFileKind): Promise<void> {
    if (document.isClosed) {
      return;
    }
    const { version, uri } = document;
    const found =
      machineIdOf(uri) === undefined ? await this.problemsOf(document, kind) : copyNote(document, kind);
    // A text that has changed meanwhile is checked again anyway.
    if (!document.isClosed && document.version === version) {
      this.reported.set(uri.toString(), found);
      this.collection.set(
        uri,
        found.map(({ diagnostic }) => diagnostic),
      );
    }
  }

  private async problemsOf(
    document: vscode.TextDocument,
    kind: SettingsFileKind,
  ): Promise<ReportedProblem[]> {
    const { uri } = document;
    const onHost = uri.scheme === 'file';
    const path = onHost ? uri.fsPath : uri.path;
    const problems = await this.app.checkSettingsText({ path, text: document.getText(), kind, onHost });
    return problems.map((problem) => ({ problem, diagnostic: diagnosticOf(document, problem) }));
  }

  private forget(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
    this.reported.delete(key);
    this.collection.delete(document.uri);
  }
}

/** Not what a diff or a source-control view shows: only files that somebody can edit. */
function checkedKind({ uri }: vscode.TextDocument): SettingsFileKind | undefined {
  const known = uri.scheme === 'file' || uri.scheme === 'vscode-remote' || machineIdOf(uri) !== undefined;
  return known ? settingsFileKind(uri.path) : undefined;
}

function diagnosticOf(document: vscode.TextDocument, problem: SettingsProblem): vscode.Diagnostic {
  const { range, message, fix, severity, key } = problem;
  const place = range
    ? new vscode.Range(
        document.positionAt(range.offset),
        document.positionAt(range.offset + Math.max(1, range.length)),
      )
    : new vscode.Range(0, 0, 0, 1);
  const diagnostic = new vscode.Diagnostic(
    place,
    `${key === '' ? '' : `${key}: `}${message}. ${fix}`,
    severity === 'hint' ? vscode.DiagnosticSeverity.Warning : vscode.DiagnosticSeverity.Error,
  );
  diagnostic.source = SOURCE;
  return diagnostic;
}

/** In a window on a machine the file is a copy, and what it says has no effect. */
function copyNote(document: vscode.TextDocument, kind: SettingsFileKind): ReportedProblem[] {
  if (kind !== 'bulkhead' || !isInRoot(document.uri)) {
    return [];
  }
  const diagnostic = new vscode.Diagnostic(
    document.lineAt(0).range,
    vscode.l10n.t("This is the VM's copy, which has no effect. The file on this computer counts."),
    vscode.DiagnosticSeverity.Information,
  );
  diagnostic.source = SOURCE;
  return [{ diagnostic }];
}

/** Directly in a folder of the window: deeper ones are files like any other. */
export function isInRoot(uri: vscode.Uri): boolean {
  const folder = vscode.workspace.getWorkspaceFolder(uri)?.uri.path.replace(/\/$/, '');
  return folder !== undefined && uri.path.slice(folder.length + 1) === uri.path.split('/').at(-1);
}
