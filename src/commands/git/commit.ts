import * as vscode from 'vscode';
import type { RepositorySource } from '../../attach/git/repositorySource';
import { askLine, showInformation, showProgress } from '../../attach/notify';
import { isCancelled } from '../../core/errors';
import type { GitRepository } from '../../guest/git/gitRepository';
import type { CommandContext } from '../commandContext';
import { onRepository, repositoryOf } from './repositoryOf';

/** Commits what is staged with the message in the input box. */
export function commit(context: CommandContext, ...args: unknown[]): Promise<void> {
  return make(context, args, false);
}

/** Puts what is staged into the last commit, and gives it the message in the box if there is one. */
export function amend(context: CommandContext, ...args: unknown[]): Promise<void> {
  return make(context, args, true);
}

async function make(context: CommandContext, args: unknown[], amending: boolean): Promise<void> {
  const source = await repositoryOf(context, args);
  if (!source) {
    return;
  }
  const typed = source.control.inputBox.value;
  const isKnown = source.status?.branch.head !== undefined;
  if (amending && !isKnown) {
    await showInformation(vscode.l10n.t('There is no commit to amend yet.'));
    return;
  }
  const stageAll = await whatToCommit(source, amending, typed);
  if (stageAll === undefined) {
    return;
  }
  const message = typed.trim() === '' && !amending ? await askMessage() : typed;
  if (message === undefined || !(await haveIdentity(source))) {
    return;
  }
  const keepMessage = message.trim() === '';
  const done = await withCancel(source, async (repository, signal) => {
    if (stageAll) {
      await repository.stageAll({ signal });
    }
    await repository.commit(message.trim(), { signal, amend: amending, keepMessage });
  });
  if (done && source.control.inputBox.value === typed) {
    source.control.inputBox.value = '';
  }
}

/** Whether everything has to be staged first; undefined if there is nothing to do. */
async function whatToCommit(
  source: RepositorySource,
  amending: boolean,
  typed: string,
): Promise<boolean | undefined> {
  if (source.resources('index').length > 0 || (amending && typed.trim() !== '')) {
    return false;
  }
  const unstaged = source.resources('workingTree').length + source.resources('untracked').length;
  if (unstaged === 0) {
    await showInformation(vscode.l10n.t('There is nothing to commit in {0}.', source.name));
    return undefined;
  }
  const all = vscode.l10n.t('Stage All and Commit');
  const pressed = await vscode.window.showWarningMessage(
    vscode.l10n.t('Nothing is staged. Stage all {0} changes and commit them?', unstaged),
    { modal: true },
    all,
  );
  return pressed === all ? true : undefined;
}

function askMessage(): Thenable<string | undefined> {
  return askLine({
    title: vscode.l10n.t('Commit'),
    prompt: vscode.l10n.t('Message of the commit'),
    ignoreFocusOut: true,
    problem: notEmpty,
  });
}

/** git in the VM must know whose commit it is. This computer's own settings are neither read nor offered. */
async function haveIdentity(source: RepositorySource): Promise<boolean> {
  const known = await source.repository.identity();
  if (known.name !== undefined && known.email !== undefined) {
    return true;
  }
  const title = vscode.l10n.t('Who commits in {0}?', source.name);
  const ask = (prompt: string, value: string | undefined) =>
    askLine({
      title,
      prompt,
      ignoreFocusOut: true,
      problem: notEmpty,
      ...(value !== undefined && { value }),
    });
  const name = await ask(
    vscode.l10n.t('git in the VM does not know your name. It is kept in this repository only (user.name).'),
    known.name,
  );
  const email =
    name && (await ask(vscode.l10n.t('Your e-mail address for commits (user.email)'), known.email));
  if (!name || !email) {
    return false;
  }
  await source.repository.setIdentity({ name: name.trim(), email: email.trim() });
  return true;
}

function notEmpty(text: string): string | undefined {
  return text.trim() === '' ? vscode.l10n.t('It must not be empty.') : undefined;
}

/** Hooks may take long, so there is a Cancel. True if it was not used. */
async function withCancel(
  source: RepositorySource,
  work: (repository: GitRepository, signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const title = vscode.l10n.t('Committing in {0}', source.name);
  return showProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (_progress, token) => {
      const controller = new AbortController();
      const cancelling = token.onCancellationRequested(() => controller.abort());
      try {
        await onRepository(source, (repository) => work(repository, controller.signal));
        return true;
      } catch (error) {
        if (isCancelled(error)) {
          return false;
        }
        throw error;
      } finally {
        cancelling.dispose();
      }
    },
  );
}
