import * as vscode from 'vscode';
import { type GuestFolder, guestUri } from '../../attach/searchedFolder';
import { printable } from '../../core/log';
import type { FileMatch } from '../../guest/fileMatch';
import type { SearchState } from './runningSearch';

/** Scheme of a read-only list of matches. */
export const RESULTS_SCHEME = 'bulkhead-search';

interface Results {
  text: string;
  /** Links by line, 0-based. */
  links: Map<number, { length: number; target: vscode.Uri }>;
}

/** Lists of matches as documents: each line leads to its place. */
export class SearchResults
  implements vscode.TextDocumentContentProvider, vscode.DocumentLinkProvider, vscode.Disposable
{
  private readonly shown = new Map<string, Results>();
  private readonly registrations: vscode.Disposable;
  private count = 0;

  constructor() {
    this.registrations = vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(RESULTS_SCHEME, this),
      vscode.languages.registerDocumentLinkProvider({ scheme: RESULTS_SCHEME }, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => void this.shown.delete(uri.toString())),
    );
  }

  async open(folder: GuestFolder, state: SearchState): Promise<void> {
    if (!state.query) {
      return;
    }
    const name = printable(state.query.text, 40).replace(/[\n\t/]/g, ' ');
    const uri = vscode.Uri.from({
      scheme: RESULTS_SCHEME,
      path: `/${vscode.l10n.t('Search')}: ${name}`,
      query: String(++this.count),
    });
    this.shown.set(uri.toString(), listMatches(folder, state));
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: false });
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.shown.get(uri.toString())?.text ?? '';
  }

  provideDocumentLinks(document: vscode.TextDocument): vscode.DocumentLink[] {
    const links = this.shown.get(document.uri.toString())?.links ?? [];
    return [...links].map(
      ([line, { length, target }]) =>
        new vscode.DocumentLink(new vscode.Range(line, 0, line, length), target),
    );
  }

  dispose(): void {
    this.registrations.dispose();
    this.shown.clear();
  }
}

function listMatches(folder: GuestFolder, state: SearchState): Results {
  const lines = [headline(folder, state), ''];
  const links: Results['links'] = new Map();
  for (const match of state.matches) {
    const place = `${placeName(match)}:${match.line}:${match.start + 1}`;
    const fragment = `L${match.line},${match.start + 1}`;
    links.set(lines.length, {
      length: place.length,
      target: guestUri(folder.id, match.path).with({ fragment }),
    });
    lines.push(`${place}: ${match.before}${match.match}${match.after}`);
  }
  return { text: `${lines.join('\n')}\n`, links };
}

function headline(folder: GuestFolder, { query, matches, summary }: SearchState): string {
  const found = countText(matches);
  const more =
    summary?.end === 'enough'
      ? vscode.l10n.t('there are more')
      : summary
        ? summary.tool
        : vscode.l10n.t('so far');
  return `${printable(query?.text ?? '', 200).replace(/\n/g, ' ')} — ${printable(folder.path, 200)} — ${found} (${more})`;
}

/** "12 matches in 3 files" */
export function countText(matches: readonly FileMatch[]): string {
  const files = new Set(matches.map(({ path }) => path)).size;
  if (matches.length === 1) {
    return vscode.l10n.t('1 match');
  }
  return files === 1
    ? vscode.l10n.t('{0} matches in 1 file', matches.length)
    : vscode.l10n.t('{0} matches in {1} files', matches.length, files);
}

/** A name on one line. */
export function placeName({ relative }: FileMatch): string {
  return printable(relative, 1000).replace(/[\n\t]/g, ' ');
}
