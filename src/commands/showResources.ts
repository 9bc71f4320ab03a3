import type { CommandContext } from './commandContext';
import { machineIdsOf } from './treeArguments';

/** Shows what a machine uses: that of a row of the Machines view, else the one that the view shows by itself. */
export async function showResources({ resources }: CommandContext, ...args: unknown[]): Promise<void> {
  const [id] = machineIdsOf(args.slice(0, 1));
  if (id !== undefined) {
    resources.choose(id);
  }
  await resources.focus();
}
