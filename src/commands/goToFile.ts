import { searchedFolder } from '../attach/searchedFolder';
import { pickFile } from '../views/search/goToFilePick';
import type { CommandContext } from './commandContext';
import { sayNoMachineHere } from './sayNext';

/** A file of the VM by its name: VS Code's own list knows only folders of this computer. */
export async function goToFile({ search }: CommandContext): Promise<void> {
  const folder = searchedFolder();
  if (folder) {
    await pickFile(search.lists, folder);
  } else {
    await sayNoMachineHere();
  }
}
