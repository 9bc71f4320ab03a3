import * as vscode from 'vscode';
import type { ModeText } from '../views/toggleText';

/** One of the modes of a toggle. */
export interface Choice<T> {
  value: T;
  text: ModeText;
  current: boolean;
  /** Why it can't be chosen. */
  unavailable?: string;
}

/** Asks for a mode, the current one marked and in front of the cursor. What can't be chosen says why, and asks again. */
export async function pickMode<T>(title: string, choices: Choice<T>[]): Promise<T | undefined> {
  const { t } = vscode.l10n;
  const items = choices.map((choice) => ({
    label: `$(${choice.unavailable === undefined ? choice.text.icon : 'circle-slash'}) ${choice.text.label}`,
    description: choice.current ? t('now') : choice.unavailable === undefined ? '' : t('not possible'),
    detail: choice.unavailable ?? choice.text.detail,
    choice,
  }));
  const pick = vscode.window.createQuickPick<(typeof items)[number]>();
  try {
    pick.title = title;
    pick.placeholder = t('Choose; Escape leaves it as it is');
    pick.items = items;
    pick.activeItems = items.filter(({ choice }) => choice.current);
    pick.matchOnDetail = true;
    return await new Promise<T | undefined>((resolve) => {
      pick.onDidAccept(() => {
        const choice = pick.activeItems[0]?.choice;
        if (choice && choice.unavailable === undefined) {
          resolve(choice.value);
        }
      });
      pick.onDidHide(() => resolve(undefined));
      pick.show();
    });
  } finally {
    pick.dispose();
  }
}
