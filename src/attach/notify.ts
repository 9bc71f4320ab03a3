import * as vscode from 'vscode';
import { forMessage } from '../core/plainText';

/**
 * Whatever is shown where VS Code makes links of `[text](target)` goes through here: notifications, titles of a progress, an
 * input box's prompt. A click on such a link runs a command of the host, and names come from guests and repos. No message of
 * ours has a link, so the whole text loses them, whoever put it together. `test/unit/lint` finds calls that go past this file.
 */

type Pressed = Thenable<string | undefined>;

export function showInformation(message: string, ...buttons: string[]): Pressed {
  return vscode.window.showInformationMessage(forMessage(message), ...buttons);
}

export function showWarning(message: string, ...buttons: string[]): Pressed {
  return vscode.window.showWarningMessage(forMessage(message), ...buttons);
}

export function showFailure(message: string, ...buttons: string[]): Pressed {
  return vscode.window.showErrorMessage(forMessage(message), ...buttons);
}

/** What `vscode.window.withProgress` does; the messages that are reported are made plain too. */
export function showProgress<T>(
  options: vscode.ProgressOptions,
  work: (
    progress: { report(value: { message: string }): void },
    token: vscode.CancellationToken,
  ) => Thenable<T>,
): Thenable<T> {
  const title = options.title === undefined ? {} : { title: forMessage(options.title) };
  return vscode.window.withProgress({ ...options, ...title }, (progress, token) =>
    work({ report: ({ message }) => progress.report({ message: forMessage(message) }) }, token),
  );
}

/** One line from the user. `problem` is what is wrong with what was typed so far. */
export function askLine(
  options: Omit<vscode.InputBoxOptions, 'validateInput'> & {
    problem?: (typed: string) => string | undefined;
  },
): Thenable<string | undefined> {
  const { problem, prompt, ...others } = options;
  return vscode.window.showInputBox({
    ...others,
    ...(prompt !== undefined && { prompt: forMessage(prompt) }),
    ...(problem && {
      validateInput: (typed) => {
        const wrong = problem(typed);
        return wrong === undefined ? undefined : forMessage(wrong);
      },
    }),
  });
}
