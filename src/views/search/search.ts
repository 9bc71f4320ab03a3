import type * as vscode from 'vscode';
import type { Attachments } from '../../attach/attachments';
import { FileLists } from '../../attach/fileLists';
import { SearchMemory } from './searchOptions';
import { SearchResults } from './searchResults';

/** What "Go to File" and "Find in Files" keep while the window is open. */
export class Search implements vscode.Disposable {
  readonly lists: FileLists;
  readonly memory: SearchMemory;
  readonly results = new SearchResults();

  constructor(attachments: Attachments, memory: vscode.Memento) {
    this.lists = new FileLists(attachments);
    this.memory = new SearchMemory(memory);
  }

  dispose(): void {
    this.lists.dispose();
    this.results.dispose();
  }
}
