import { messageOf, throwIfCancelled } from '../../core/errors';
import { HostFolder } from '../../guest/copy/hostFolder';
import type { WaitOptions } from '../../machine/hypervisor';
import type { ReviewContext, ReviewedMachine } from '../reviewContext';
import type { ReviewCommit } from '../reviewService';
import { HostRepository } from './hostRepository';
import { newCommits } from './newCommits';

/** What the guest's git has that this computer's lacks. A folder that is no repository, or of another kind, has no say. */
export async function lackingCommits(
  context: ReviewContext,
  machine: ReviewedMachine,
  options: WaitOptions,
): Promise<ReviewCommit[]> {
  let repository: HostRepository | undefined;
  const root = await HostFolder.open(machine.folder);
  try {
    repository = await HostRepository.open(root);
    if (!repository) {
      return [];
    }
    const hashes = await repository.hashes();
    return await newCommits(await context.guest(machine.id, options), machine, hashes, options);
  } catch (error) {
    throwIfCancelled(error);
    context.log.warn(`The commits of ${machine.id} can’t be told: ${messageOf(error)}`);
    return [];
  } finally {
    await repository?.close();
    await root.close();
  }
}
