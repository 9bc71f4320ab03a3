import type { GitResource } from '../../attach/git/gitResource';
import type { CommandContext } from '../commandContext';
import { forEachRepository, groupOf, onRepository, repositoryOf, rowsOf } from './repositoryOf';

/** Rows of the SCM view go into the index. */
export async function stage(_context: CommandContext, ...args: unknown[]): Promise<void> {
  await stageRows(rowsOf(args));
}

/** All rows of a group, or of the repository. */
export async function stageAll(context: CommandContext, ...args: unknown[]): Promise<void> {
  const source = await repositoryOf(context, args);
  if (!source) {
    return;
  }
  const group = groupOf(source, args[0]);
  if (group) {
    await stageRows(source.resources(group));
  } else {
    await onRepository(source, (repository) => repository.stageAll());
  }
}

function stageRows(rows: readonly GitResource[]): Promise<void> {
  return forEachRepository(rows, (source, own) =>
    onRepository(source, (repository) => repository.stage(own.map(({ change }) => change.path))),
  );
}
