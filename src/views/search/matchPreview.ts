import * as vscode from 'vscode';
import { type GuestFolder, guestUri } from '../../attach/searchedFolder';
import type { Disposable } from '../../core/disposables';
import { messageOf } from '../../core/errors';
import type { Log } from '../../core/log';
import type { FileMatch } from '../../guest/fileMatch';

/** Milliseconds that a row must be in front before its file is read. */
const PAUSE_MS = 120;

/** Shows the match that is in front in the pick, and puts back what was open if none is chosen. */
export class MatchPreview implements Disposable {
  private readonly highlight = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor('editor.findMatchBackground'),
    overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.findMatchForeground'),
    overviewRulerLane: vscode.OverviewRulerLane.Center,
  });
  private readonly before = vscode.window.activeTextEditor;
  private readonly beforeSelection = this.before?.selection;
  private readonly openBefore = new Set(textTabs().map(({ uri }) => uri.toString()));
  private pause: NodeJS.Timeout | undefined;
  private wanted: FileMatch | undefined;
  private disposed = false;

  constructor(
    private readonly folder: GuestFolder,
    private readonly log: Log,
  ) {}

  show(match: FileMatch | undefined): void {
    clearTimeout(this.pause);
    this.wanted = match;
    if (match && !this.disposed) {
      this.pause = setTimeout(() => {
        this.reveal(match, { preserveFocus: true, preview: true }).catch((error: unknown) =>
          // A binary file, or one that is gone: the row stays, the reason comes when it is opened.
          this.log.debug(`preview: ${messageOf(error)}`),
        );
      }, PAUSE_MS);
    }
  }

  /** Opens the match for good. Throws what VS Code says if it can't. */
  async open(match: FileMatch, viewColumn?: vscode.ViewColumn): Promise<void> {
    clearTimeout(this.pause);
    this.wanted = match;
    await this.reveal(match, { preview: false, ...(viewColumn !== undefined && { viewColumn }) });
  }

  /** Nothing was chosen: the editor that was there comes back. */
  async putBack(): Promise<void> {
    clearTimeout(this.pause);
    this.wanted = undefined;
    const added = textTabs().filter(({ tab, uri }) => tab.isPreview && !this.openBefore.has(uri.toString()));
    if (this.before && !this.before.document.isClosed) {
      await vscode.window.showTextDocument(this.before.document, {
        ...(this.before.viewColumn !== undefined && { viewColumn: this.before.viewColumn }),
        ...(this.beforeSelection && { selection: this.beforeSelection }),
      });
    }
    await vscode.window.tabGroups.close(
      added.map(({ tab }) => tab),
      true,
    );
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.pause);
    this.highlight.dispose();
  }

  private async reveal(match: FileMatch, options: vscode.TextDocumentShowOptions): Promise<void> {
    const uri = guestUri(this.folder.id, match.path);
    const document = await vscode.workspace.openTextDocument(uri);
    // Meanwhile another row may have come to the front.
    if (this.wanted !== match) {
      return;
    }
    const range = document.validateRange(
      new vscode.Range(match.line - 1, match.start, match.line - 1, match.end),
    );
    const editor = await vscode.window.showTextDocument(document, { ...options, selection: range });
    editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    if (!this.disposed) {
      editor.setDecorations(this.highlight, [range]);
    }
  }
}

function textTabs(): { tab: vscode.Tab; uri: vscode.Uri }[] {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .flatMap((tab) => (tab.input instanceof vscode.TabInputText ? [{ tab, uri: tab.input.uri }] : []));
}
