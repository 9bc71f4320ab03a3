import { posix } from 'node:path';
import type { Danger, ReviewChange } from '../../review/reviewService';
import type { L10n } from '../row';
import { visibleText } from './visibleText';

/** Each danger of a change as the end of a sentence that begins with its name. */
export function dangerTexts(change: ReviewChange, l10n: L10n): string[] {
  const { reachedAs } = change;
  return [
    ...(reachedAs === undefined ? [] : [l10n.t('{0} leads to it', visibleText(reachedAs, 120))]),
    ...change.dangers.map((danger) => dangerText(danger, change, l10n)),
  ];
}

function dangerText(danger: Danger, change: ReviewChange, l10n: L10n): string {
  switch (danger) {
    case 'git':
      return l10n.t('git obeys it, and can run programs that it names');
    case 'editor':
      return editorText(posix.basename(change.reachedAs ?? change.path).toLowerCase(), l10n);
    case 'devcontainer':
      return l10n.t('decides what is built and run when the folder is opened in a container or a VM');
    case 'ci':
      return l10n.t('runs on the servers that build the project, with their secrets, once it is pushed');
    case 'scripts':
      return l10n.t('can run when the project is installed, built or tested');
    case 'installed':
      return l10n.t('tools that look at the folder load it: install it on this computer instead');
    case 'dotfile':
      return l10n.t('hidden file: tools read such files by themselves');
    case 'executable':
      return l10n.t('can be started as a program');
    case 'symlink':
      return change.linkTarget === undefined
        ? l10n.t('is a link to another place')
        : l10n.t('is a link to {0}', visibleText(change.linkTarget, 120));
    case 'text':
      return l10n.t('has invisible or direction-changing characters: it is not what it looks like');
  }
}

function editorText(name: string, l10n: L10n): string {
  switch (name) {
    case 'tasks.json':
      return l10n.t('runs when the folder is opened in VS Code, or a task is started');
    case 'launch.json':
      return l10n.t('decides what a debugger starts');
    case 'settings.json':
      return l10n.t('changes the editor’s settings, and which programs it starts');
    default:
      return l10n.t('the editor obeys it, and can run programs that it names');
  }
}
