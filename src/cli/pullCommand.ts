import type { Command } from 'commander';
import { BulkheadError, EXIT } from '../core/errors';
import { forTerminal } from '../core/plainText';
import type { ApplyResult, Review, ReviewChange, Selection } from '../review/reviewService';
import { formatBytes } from './format';
import { matchesPath } from './pathPattern';
import { type CommonOptions, findRunning, type Run, type Session, withCommonOptions } from './session';

interface PullOptions extends CommonOptions {
  diff?: true;
  apply?: true;
  all?: true;
  path?: string[];
  danger?: string[];
  takeGuest?: string[];
  commits?: true;
  undo?: string | true;
}

const LETTERS: Record<ReviewChange['kind'], string> = {
  added: 'A',
  modified: 'M',
  deleted: 'D',
  renamed: 'R',
  mode: 'X',
};
const COMMITS_SHOWN = 20;

const collect = (value: string, before: string[] = []) => [...before, value];

/** `pull`: what the machine changed, and (with `--apply`) bringing back what is named. Nothing is asked. */
export function addPullCommand(program: Command, run: Run): void {
  withCommonOptions(program.command('pull'))
    .description('review what a machine changed in its copy of the folder, and bring changes back')
    .argument('<id>', 'the machine, or a unique beginning of its id')
    .option('--diff', 'print what changed in text files, too')
    .option('--apply', 'bring back what --all, --path, --danger and --take-guest name')
    .option('--all', 'everything but dangerous changes and conflicts')
    .option('--path <glob>', 'changes whose path matches; can be given several times', collect)
    .option('--danger <path>', 'exactly this change, though it is dangerous; several times', collect)
    .option(
      '--take-guest <path>',
      'exactly this change, though the file changed here too; several times',
      collect,
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
  const review = await session.app.review(id, { signal: session.signal, onProgress: session.status.report });
  session.status.clear();
  return options.apply ? apply(session, review, options) : show(session, review, options);
}

async function show(session: Session, review: Review, options: PullOptions): Promise<number> {
  const lines: string[] = [];
  for (const change of review.changes) {
    lines.push(describe(change));
    if (options.diff && change.kind === 'modified' && !change.binary && change.blocked === undefined) {
      lines.push(...(await diffOf(session, review.token, change.path)));
    }
  }
  session.output.result(review, [
    ...(lines.length === 0 ? ['The machine changed nothing that this computer lacks.'] : lines),
    ...(review.truncated ? ['… and more changes than are listed here'] : []),
    ...describeCommits(review),
    ...review.notes.map((note) => `note: ${forTerminal(note, 1000)}`),
  ]);
  return EXIT.done;
}

function describe(change: ReviewChange): string {
  const name = forTerminal(change.path, 1000);
  const where = change.from === undefined ? name : `${forTerminal(change.from, 1000)} → ${name}`;
  const link = change.linkTarget === undefined ? '' : ` → ${forTerminal(change.linkTarget)}`;
  const size =
    change.guestBytes === undefined || change.kind !== 'added' ? '' : ` (${formatBytes(change.guestBytes)})`;
  const marks = [
    ...(change.dangers.length > 0 ? [`DANGER: ${change.dangers.join(', ')}`] : []),
    ...(change.conflict ? [`CONFLICT: ${change.conflict} on this computer too`] : []),
    ...(change.blocked === undefined ? [] : [`BLOCKED: ${forTerminal(change.blocked, 500)}`]),
  ];
  return [`${LETTERS[change.kind]} ${where}${link}${size}`, ...marks].join('  ');
}

async function diffOf(session: Session, token: string, path: string): Promise<string[]> {
  const hunks = await session.app.reviewHunks(token, path, { signal: session.signal });
  return hunks.flatMap((hunk) => [
    `    @@ -${hunk.hostStart},${hunk.hostLines} +${hunk.guestStart},${hunk.guestLines} @@`,
    ...hunk.lines.map((line) => `    ${forTerminal(line, 2000)}`),
  ]);
}

function describeCommits({ commits: found, machineId }: Review): string[] {
  if (found.length === 0) {
    return [];
  }
  const shown = found.slice(0, COMMITS_SHOWN);
  return [
    `Commits that this computer lacks (bring them with \`bulkhead pull ${machineId} --commits\`):`,
    ...shown.map(
      ({ branch, hash, subject }) => `  ${hash.slice(0, 10)} ${forTerminal(branch)}: ${forTerminal(subject)}`,
    ),
    ...(found.length > shown.length ? [`  … and ${found.length - shown.length} more`] : []),
  ];
}

async function apply(session: Session, review: Review, options: PullOptions): Promise<number> {
  const selections = select(review, options);
  const result: ApplyResult =
    selections.length === 0
      ? { applyId: '', applied: [], refused: [] }
      : await session.app.applyReview(review.token, selections, {
          signal: session.signal,
          onProgress: session.status.report,
        });
  session.status.clear();
  const left = review.changes.filter(({ path }) => !result.applied.includes(path));
  session.output.result({ ...result, left: left.map(({ path }) => path), notes: review.notes }, [
    ...result.applied.map((path) => `applied  ${forTerminal(path, 1000)}`),
    ...result.refused.map(({ path, why }) => `refused  ${forTerminal(path, 1000)}: ${forTerminal(why, 500)}`),
    `${result.applied.length} applied, ${result.refused.length} refused, ${left.length - result.refused.length} left`,
    ...(result.applied.length > 0
      ? [`undo with \`bulkhead pull ${review.machineId} --undo ${result.applyId}\``]
      : []),
    ...review.notes.map((note) => `note: ${forTerminal(note, 1000)}`),
  ]);
  return result.refused.length > 0 ? EXIT.failed : EXIT.done;
}

function select({ changes }: Review, options: PullOptions): Selection[] {
  const dangers = new Set(options.danger);
  const guests = new Set(options.takeGuest);
  const globs = options.path ?? [];
  for (const [flag, name] of [
    ...[...dangers].map((name) => ['--danger', name]),
    ...[...guests].map((name) => ['--take-guest', name]),
  ]) {
    if (!changes.some(({ path }) => path === name)) {
      throw usage(
        `pull: ${flag} ${forTerminal(name ?? '')} is no change of the machine`,
        'See `bulkhead pull <id>`.',
      );
    }
  }
  return changes.flatMap((change) => {
    const { path } = change;
    const named = dangers.has(path) || guests.has(path) || globs.some((glob) => matchesPath(glob, path));
    const plain = change.dangers.length === 0 && !change.conflict && change.blocked === undefined;
    if (!named && !(options.all && plain)) {
      return [];
    }
    return {
      path,
      ...(dangers.has(path) && { dangersAccepted: true }),
      ...(guests.has(path) && { resolution: 'guest' as const }),
    };
  });
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
    ...restored.map((path) => `restored  ${forTerminal(path, 1000)}`),
    ...kept.map((path) => `kept      ${forTerminal(path, 1000)}: changed since`),
  ]);
  return EXIT.done;
}

function usage(message: string, next: string): BulkheadError {
  return new BulkheadError(message, { kind: 'usage', next });
}
