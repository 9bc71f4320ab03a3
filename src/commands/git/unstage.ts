import type { CommandContext } from '../commandContext';
import { forEachRepository, onRepository, pathsOf, repositoryOf, rowsOf } from './repositoryOf';

/** Rows of the SCM view leave the index; the files stay as they are. */
export async function unstage(_context: CommandContext, ...args: unknown[]): Promise<void> {
  await forEachRepository(rowsOf(args), (source, rows) =>
    onRepository(source, (repository) => repository.unstage(pathsOf(rows))),
  );
}

export async function unstageAll(context: CommandContext, ...args: unknown[]): Promise<void> {
  const source = await repositoryOf(context, args);
  if (source) {
    await onRepository(source, (repository) => repository.unstageAll());
  }
}
