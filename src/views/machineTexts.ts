import * as vscode from 'vscode';
import type { App } from '../app';
import { machineIdOf, SCHEME } from '../attach/machineUri';
import { printable } from '../core/log';

/** Read-only documents: `bulkhead-text://<machine id>/<kind>/<title>`. */
const TEXT_SCHEME = `${SCHEME}-text`;
const TAIL_LINES = 2_000;
const MAX_CHARACTERS = 2_000_000;

export type MachineText = 'console' | 'log';

/** A machine's console and log as documents that can't be edited. What they hold comes from the guest: plain text. */
export class MachineTexts implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly registration: vscode.Disposable;

  constructor(private readonly app: Pick<App, 'console' | 'machineLog'>) {
    this.registration = vscode.workspace.registerTextDocumentContentProvider(TEXT_SCHEME, this);
  }

  /** Shows it as it is now; asked for again, it is read again. */
  async show(id: string, kind: MachineText, title: string): Promise<void> {
    const path = `/${kind}/${title.replace(/[/\\]/g, '_')}`;
    const uri = vscode.Uri.from({ scheme: TEXT_SCHEME, authority: id, path });
    if (vscode.workspace.textDocuments.some((open) => open.uri.toString() === uri.toString())) {
      this.changed.fire(uri);
    }
    const document = await vscode.workspace.openTextDocument(uri);
    const editor = await vscode.window.showTextDocument(document, { preview: true });
    const end = document.lineAt(document.lineCount - 1).range.end;
    editor.revealRange(new vscode.Range(end, end));
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    const id = machineIdOf({ scheme: SCHEME, authority: uri.authority, path: '/' });
    const stop = new AbortController();
    token.onCancellationRequested(() => stop.abort());
    if (id === undefined) {
      throw new Error(vscode.l10n.t('There is no such Bulkhead machine.'));
    }
    const options = { tail: TAIL_LINES, signal: stop.signal };
    const text = uri.path.startsWith('/console/')
      ? await this.app.console(id, options)
      : await this.app.machineLog(id, options);
    const lines = printable(text.replace(/\r\n?/g, '\n').slice(-MAX_CHARACTERS), MAX_CHARACTERS);
    return lines.trim() === '' ? vscode.l10n.t('Nothing was written to it yet.') : lines;
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}
