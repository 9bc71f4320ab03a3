import * as vscode from 'vscode';

/** What the toggles of "Find in Files" say; remembered with the workspace. */
export interface SearchOptions {
  regex: boolean;
  matchCase: boolean;
  wholeWord: boolean;
  /** Leave out what .gitignore and the exclude settings name. */
  useExcludes: boolean;
  /** Comma-separated patterns. */
  include: string;
  exclude: string;
}

const OPTIONS_KEY = 'search.options';
const HISTORY_KEY = 'search.history';
const HISTORY_MAX = 20;
const TEXT_MAX = 1000;

/** The last searches and how they were made. */
export class SearchMemory {
  constructor(private readonly memory: vscode.Memento) {}

  options(): SearchOptions {
    const kept = this.memory.get<Partial<SearchOptions>>(OPTIONS_KEY) ?? {};
    return {
      regex: kept.regex === true,
      matchCase: kept.matchCase === true,
      wholeWord: kept.wholeWord === true,
      useExcludes: kept.useExcludes !== false,
      include: typeof kept.include === 'string' ? kept.include : '',
      exclude: typeof kept.exclude === 'string' ? kept.exclude : '',
    };
  }

  async keepOptions(options: SearchOptions): Promise<void> {
    await this.memory.update(OPTIONS_KEY, options);
  }

  /** Newest first. */
  history(): string[] {
    const kept = this.memory.get<unknown>(HISTORY_KEY);
    return Array.isArray(kept) ? kept.filter((text) => typeof text === 'string') : [];
  }

  async remember(text: string): Promise<void> {
    if (text !== '' && text.length <= TEXT_MAX) {
      const others = this.history().filter((each) => each !== text);
      await this.memory.update(HISTORY_KEY, [text, ...others].slice(0, HISTORY_MAX));
    }
  }
}

export type SearchButton = vscode.QuickInputButton & { readonly does: keyof SearchOptions | 'results' };

interface ButtonPlace {
  /** `vscode.QuickInputButtonLocation.Input`, where VS Code has it. */
  location?: number;
  toggle?: { checked: boolean };
}

/** The buttons for these options. Where VS Code knows toggles they look like its own search's; else the tooltip says the state. */
export function searchButtons(options: SearchOptions): SearchButton[] {
  const { Input } =
    (vscode as { QuickInputButtonLocation?: { Input?: number } }).QuickInputButtonLocation ?? {};
  const toggle = (does: 'regex' | 'matchCase' | 'wholeWord' | 'useExcludes', icon: string, name: string) => {
    const on = options[does];
    const place: ButtonPlace = Input === undefined ? {} : { location: Input, toggle: { checked: on } };
    const tooltip = on ? vscode.l10n.t('{0} (on)', name) : vscode.l10n.t('{0} (off)', name);
    return { does, iconPath: new vscode.ThemeIcon(icon), tooltip, ...place };
  };
  const patterns = (does: 'include' | 'exclude', icon: string, name: string) => ({
    does,
    iconPath: new vscode.ThemeIcon(icon),
    tooltip: options[does] === '' ? name : vscode.l10n.t('{0}: {1}', name, options[does]),
  });
  return [
    toggle('matchCase', 'case-sensitive', vscode.l10n.t('Match Case')),
    toggle('wholeWord', 'whole-word', vscode.l10n.t('Match Whole Word')),
    toggle('regex', 'regex', vscode.l10n.t('Use Regular Expression')),
    toggle('useExcludes', 'exclude', vscode.l10n.t('Use Exclude Settings and Ignore Files')),
    patterns(
      'include',
      options.include === '' ? 'filter' : 'filter-filled',
      vscode.l10n.t('Files to Include'),
    ),
    patterns('exclude', options.exclude === '' ? 'circle-slash' : 'error', vscode.l10n.t('Files to Exclude')),
    {
      does: 'results',
      iconPath: new vscode.ThemeIcon('open-preview'),
      tooltip: vscode.l10n.t('Open Results in an Editor'),
    },
  ];
}

/** Puts the buttons there; a VS Code that refuses toggles gets plain ones. */
export function setButtons(
  pick: vscode.QuickInput & { buttons: readonly vscode.QuickInputButton[] },
  buttons: SearchButton[],
): void {
  try {
    pick.buttons = buttons;
  } catch {
    pick.buttons = buttons.map(({ does, iconPath, tooltip }) =>
      Object.assign({ iconPath }, tooltip !== undefined && { tooltip }, { does }),
    );
  }
}
