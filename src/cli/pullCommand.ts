import type { Command } from 'commander';
import { EXIT } from '../core/errors';
import { escapeHidden } from '../core/escapeHidden';
import { forTerminal } from '../core/plainText';
import { applyLook } from './pullApply';
import { type PullOptions, usage } from './pullOptions';
import { showLook } from './pullShow';
import { findRunning, type Run, type Session, withCommonOptions } from './session';

const collect = (value: string, before: string[] = []) => [...before, value];

/** `pull`: what the machine changed, and (with `--apply`) bringing back what is named. Nothing is asked. */
export function addPullCommand(program: Command, run: Run): void {
  withCommonOptions(program.command('pull'))
    .description('review what a machine changed in its copy of the folder, and bring changes back')
    .argument('<id>', 'the machine, or a unique beginning of its id')
    .option('--diff', 'print what changed in text files, too')
    .option('--apply', 'bring back what --all, --path, --danger and --take-guest name')
    .option(
      '--look <token>',
      'the look that is applied (or shown): what `pull` printed; `now` looks anew, for ordinary changes only',
    )
    .option('--all', 'everything but dangerous changes and conflicts')
    .option('--path <glob>', 'changes whose path matches; can be given several times', collect)
    .option('--danger <path>', 'exactly this change, though it is dangerous; several times', collect)
    .option(
      '--take-guest <path>',
      'exactly this change, though the file changed here too; several times',
      collect,
    )
    .option(
      '--drop-undo',
      'if there is no room to keep what is replaced, the oldest undos of the machine may go',
    )
    .option(
      '--commits',
      'bring the machine’s commits into the folder’s repository, as bulkhead/<id>/<branch>',
    )
    .option('--undo [applyId]', 'put back what an apply replaced (the last one, if none is named)')
    .action((id: string, options: PullOptions) => run(options, (session) => pull(session, id, options)));
}

async function pull(session: Session, idOrPrefix: string, options: PullOptions): Promise<number> {
  const picks = [options.all, options.path, options.danger, options.takeGuest].some(Boolean);
  if (picks !== (options.apply === true)) {
    throw usage(
      picks ? 'pull: nothing is brought back without --apply' : 'pull: --apply needs to know what',
      'bulkhead pull <id> --apply --all | --path <glob> | --danger <path> | --take-guest <path>',
    );
  }
  if (options.undo !== undefined) {
    return undo(session, idOrPrefix, options.undo);
  }
  const { id } = await findRunning(session, idOrPrefix);
  if (options.commits) {
    await commits(session, id);
    if (!options.apply) {
      return EXIT.done;
    }
  }
  return options.apply ? applyLook(session, id, options) : showLook(session, id, options);
}

async function commits(session: Session, id: string): Promise<void> {
  const fetched = await session.app.fetchCommits(id, { signal: session.signal });
  session.output.result({ id, commits: fetched }, [
    ...fetched.map(
      ({ ref, hash, commits: count }) => `${forTerminal(ref)}  ${hash.slice(0, 10)}  ${count} new`,
    ),
    ...(fetched.length === 0 ? ['The machine has no commits that this computer lacks.'] : []),
  ]);
}

/** Works for a machine that is gone, too: then the id must be whole, or the apply named. */
async function undo(session: Session, idOrPrefix: string, named: string | true): Promise<number> {
  const { app } = session;
  let applyId = named === true ? undefined : named;
  if (applyId === undefined) {
    const id = await app.find(idOrPrefix, { signal: session.signal }).then(
      (machine) => machine.id,
      () => idOrPrefix,
    );
    applyId = (await app.appliedChanges(id))[0]?.applyId;
  }
  if (applyId === undefined) {
    throw usage(
      'pull: there is nothing to undo',
      'Only what `bulkhead pull --apply` brought back can be undone.',
    );
  }
  const { restored, kept } = await app.undoApply(applyId);
  session.output.result({ applyId, restored, kept }, [
    ...restored.map((path) => `restored  ${escapeHidden(path)}`),
    ...kept.map((path) => `kept      ${escapeHidden(path)}: changed since`),
  ]);
  return EXIT.done;
}
