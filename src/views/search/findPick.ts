import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { Attachments } from '../../attach/attachments';
import { askLine } from '../../attach/notify';
import type { GuestFolder } from '../../attach/searchedFolder';
import { DisposableList } from '../../core/disposables';
import { messageOf } from '../../core/errors';
import type { Log } from '../../core/log';
import { forLabel } from '../../core/plainText';
import type { FileMatch } from '../../guest/fileMatch';
import { MATCHES_MAX } from '../../guest/searchFiles';
import { MatchPreview } from './matchPreview';
import { inOurOrder, throttled } from './quickPickOrder';
import { RunningSearch, type SearchState } from './runningSearch';
import {
  type SearchButton,
  type SearchMemory,
  type SearchOptions,
  searchButtons,
  setButtons,
} from './searchOptions';
import { countText, placeName, type SearchResults } from './searchResults';

/** Milliseconds between updates of the list while matches come in. */
const UPDATE_MS = 150;

interface Row extends vscode.QuickPickItem {
  match?: FileMatch;
  /** A search of before. */
  again?: string;
  /** Shows all in an editor. */
  all?: boolean;
}

export interface FindContext {
  attachments: Attachments;
  memory: SearchMemory;
  results: SearchResults;
  log: Log;
}

/** "Find in Files": types, toggles, rows as they come. One object for each time it is opened. */
export class FindPick {
  private readonly pick = inOurOrder(vscode.window.createQuickPick<Row>());
  private readonly disposables = new DisposableList();
  private readonly preview: MatchPreview;
  private readonly search: RunningSearch;
  private readonly toSide: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon('split-horizontal'),
    tooltip: vscode.l10n.t('Open to the Side'),
  };
  private options: SearchOptions;
  /** An input box of our own is in front: hiding the pick is not the end. */
  private asking = false;
  /** What happens once the pick has made room: an editor opens. */
  private chosen: (() => Promise<void>) | undefined;
  private done: () => void = () => undefined;
  private failed: (error: unknown) => void = () => undefined;

  constructor(
    private readonly context: FindContext,
    private readonly folder: GuestFolder,
  ) {
    this.options = context.memory.options();
    this.preview = this.disposables.add(new MatchPreview(folder, context.log));
    const update = this.disposables.add(throttled(() => this.show(), UPDATE_MS));
    this.search = this.disposables.add(new RunningSearch(context.attachments, folder, update));
  }

  /** Resolves when it is closed. */
  run(text: string): Promise<void> {
    const { pick, disposables } = this;
    pick.placeholder = vscode.l10n.t('Text to find in the files of the VM');
    pick.value = text;
    setButtons(pick, searchButtons(this.options));
    disposables.add(pick.onDidChangeValue(() => this.want()));
    disposables.add(pick.onDidChangeActive(([row]) => this.preview.show(row?.match)));
    disposables.add(pick.onDidTriggerButton((button) => this.attempt(this.press(button as SearchButton))));
    disposables.add(
      pick.onDidTriggerItemButton(({ item }) => this.attempt(this.accept(item, vscode.ViewColumn.Beside))),
    );
    disposables.add(pick.onDidAccept(() => this.attempt(this.accept(pick.activeItems[0]))));
    disposables.add(pick.onDidHide(() => this.attempt(this.hidden())));
    return new Promise((resolve, reject) => {
      this.done = resolve;
      this.failed = reject;
      this.want();
      this.show();
      pick.show();
    });
  }

  private want(): void {
    this.search.want(this.pick.value, this.options);
  }

  private attempt(work: Promise<void>): void {
    work.catch((error: unknown) => this.failed(error));
  }

  private show(): void {
    const { state } = this.search;
    const { pick } = this;
    const front = pick.activeItems[0]?.match;
    pick.busy = state.busy;
    pick.title = titleOf(state);
    const rows = state.query ? this.rowsOf(state) : this.historyRows();
    pick.items = rows;
    const same = front && rows.find(({ match }) => match === front);
    if (same) {
      pick.activeItems = [same];
    }
  }

  private rowsOf(state: SearchState): Row[] {
    const rows: Row[] = [];
    let file: string | undefined;
    for (const match of state.matches) {
      if (match.path !== file) {
        file = match.path;
        rows.push({ label: forLabel(placeName(match), 300), kind: vscode.QuickPickItemKind.Separator });
      }
      // VS Code itself marks typed text in labels; what an expression matched it can't know.
      const [open, close] = state.query?.regex ? ['«', '»'] : ['', ''];
      rows.push({
        label: forLabel(`${match.before}${open}${match.match}${close}${match.after}`, 600),
        description: forLabel(`${posix.basename(placeName(match))}:${match.line}`, 300),
        alwaysShow: true,
        buttons: [this.toSide],
        match,
      });
    }
    rows.push(...notes(state));
    return rows;
  }

  private historyRows(): Row[] {
    const history = this.context.memory.history();
    return history.length === 0
      ? []
      : [
          { label: vscode.l10n.t('searched before'), kind: vscode.QuickPickItemKind.Separator },
          ...history.map((again) => ({
            label: `$(history) ${forLabel(again, 300)}`,
            alwaysShow: true,
            again,
          })),
        ];
  }

  private async accept(row: Row | undefined, column?: vscode.ViewColumn): Promise<void> {
    if (row?.again !== undefined) {
      this.pick.value = row.again;
      this.want();
      return;
    }
    if (row?.all) {
      await this.openResults();
      return;
    }
    if (row?.match) {
      const { match } = row;
      this.chosen = () => this.preview.open(match, column);
      await this.remember();
      this.pick.hide();
    }
  }

  private async press(button: SearchButton): Promise<void> {
    switch (button.does) {
      case 'results':
        return this.openResults();
      case 'include':
      case 'exclude':
        return this.askPatterns(button.does);
      default:
        this.options = { ...this.options, [button.does]: !this.options[button.does] };
        return this.useOptions();
    }
  }

  private async useOptions(): Promise<void> {
    setButtons(this.pick, searchButtons(this.options));
    this.want();
    await this.context.memory.keepOptions(this.options);
  }

  private async askPatterns(which: 'include' | 'exclude'): Promise<void> {
    this.asking = true;
    try {
      const patterns = await askLine({
        title: which === 'include' ? vscode.l10n.t('Files to Include') : vscode.l10n.t('Files to Exclude'),
        prompt: vscode.l10n.t('Patterns with commas between them, such as *.ts, src/**/test'),
        value: this.options[which],
      });
      if (patterns !== undefined) {
        this.options = { ...this.options, [which]: patterns };
      }
    } finally {
      this.asking = false;
    }
    this.pick.show();
    await this.useOptions();
  }

  private async openResults(): Promise<void> {
    const { state } = this.search;
    if (state.matches.length > 0) {
      this.chosen = () => this.context.results.open(this.folder, state);
      await this.remember();
      this.pick.hide();
    }
  }

  private remember(): Promise<void> {
    return this.context.memory.remember(this.pick.value);
  }

  private async hidden(): Promise<void> {
    if (this.asking) {
      return;
    }
    this.search.dispose();
    this.pick.dispose();
    try {
      await (this.chosen ?? (() => this.putBack()))();
    } finally {
      this.disposables.dispose();
    }
    this.done();
  }

  private async putBack(): Promise<void> {
    try {
      await this.preview.putBack();
    } catch (error) {
      // The editor of before is gone: nothing to come back to.
      this.context.log.debug(`preview: ${messageOf(error)}`);
    }
  }
}

function titleOf({ query, matches, busy, summary }: SearchState): string {
  const title = vscode.l10n.t('Find in Files in VM');
  if (!query || (busy && matches.length === 0)) {
    return title;
  }
  const found = countText(matches);
  return summary ? `${title} — ${found} (${summary.tool})` : `${title} — ${found}`;
}

/** What the user must know of a list that is not the whole truth. */
function notes({ matches, busy, summary, failure }: SearchState): Row[] {
  const rows: Row[] = [];
  const add = (label: string, more: Partial<Row> = {}) => rows.push({ label, alwaysShow: true, ...more });
  if (failure !== undefined) {
    add(`$(error) ${forLabel(failure, 300)}`);
  }
  if (summary?.end === 'enough') {
    add(
      `$(info) ${vscode.l10n.t('The first {0} matches of more are shown. Open them in an editor', MATCHES_MAX.toLocaleString())}`,
      { all: true },
    );
  }
  if (summary?.end === 'late') {
    add(`$(warning) ${vscode.l10n.t('The search took too long and was ended: there may be more.')}`);
  }
  if (summary && summary.skipped > 0) {
    add(`$(info) ${vscode.l10n.t('{0} lines can’t be shown: too long, or not text.', summary.skipped)}`);
  }
  if (!busy && failure === undefined && matches.length === 0) {
    add(`$(info) ${vscode.l10n.t('Nothing found.')}`);
  }
  return rows;
}
