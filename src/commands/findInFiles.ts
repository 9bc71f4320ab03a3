import * as vscode from 'vscode';
import { searchedFolder } from '../attach/searchedFolder';
import { FindPick } from '../views/search/findPick';
import type { CommandContext } from './commandContext';
import { sayNoMachineHere } from './sayNext';

/** Characters of a selection that become the text to find. */
const SELECTION_MAX = 200;

/** Text in the files of the VM, searched where they are. */
export async function findInFiles({ attachments, search, log }: CommandContext): Promise<void> {
  const folder = searchedFolder();
  if (folder) {
    await new FindPick({ attachments, log, ...search }, folder).run(selectedText());
  } else {
    await sayNoMachineHere();
  }
}

function selectedText(): string {
  const editor = vscode.window.activeTextEditor;
  const text = editor ? editor.document.getText(editor.selection) : '';
  return text.length > SELECTION_MAX || /[\r\n]/.test(text) ? '' : text;
}
