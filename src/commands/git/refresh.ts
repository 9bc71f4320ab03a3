import type { CommandContext } from '../commandContext';
import { onRepository } from './repositoryOf';

/** Reads every repository again, and looks for new ones. */
export async function refresh({ sourceControls }: CommandContext): Promise<void> {
  sourceControls.scan();
  await Promise.all(sourceControls.list().map((source) => onRepository(source, async () => undefined)));
}
