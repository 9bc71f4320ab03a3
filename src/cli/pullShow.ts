import { EXIT, messageOf, throwIfCancelled } from '../core/errors';
import { escapeHidden } from '../core/escapeHidden';
import { forTerminal } from '../core/plainText';
import type { KeptReview, Review, ReviewChange, ReviewCommit, ReviewHunk } from '../review/reviewService';
import { formatBytes } from './format';
import { keptLook } from './pullApply';
import type { PullOptions } from './pullOptions';
import type { Session } from './session';

const LETTERS: Record<ReviewChange['kind'], string> = {
  added: 'A',
  modified: 'M',
  deleted: 'D',
  renamed: 'R',
  mode: 'X',
};
const COMMITS_SHOWN = 20;

/** Prints what the machine changed, or what one look of before found. */
export async function showLook(session: Session, id: string, options: PullOptions): Promise<number> {
  const { app, signal, status } = session;
  const kept = options.look === undefined || options.look === 'now' ? undefined : options.look;
  const review: Partial<Review> & KeptReview =
    kept === undefined
      ? {
          ...(await app.review(id, { signal, shownIn: 'terminal', onProgress: status.report })),
          at: Date.now(),
        }
      : await keptLook(session, id, kept);
  status.clear();
  const lines: string[] = [];
  for (const change of review.changes) {
    lines.push(describe(change));
    if (options.diff) {
      lines.push(...(await diffOf(session, review.token, change)));
    }
  }
  session.output.result(review, [
    ...(lines.length === 0 ? ['The machine changed nothing that this computer lacks.'] : lines),
    ...(review.truncated ? ['… and more changes than are listed here'] : []),
    ...describeCommits(id, review.commits ?? []),
    ...(review.notes ?? []).map((note) => `note: ${forTerminal(note, 1000)}`),
    ...(lines.length === 0 ? [] : [`look: ${review.token} (\`--apply\` brings back from this one)`]),
  ]);
  return EXIT.done;
}

function describe(change: ReviewChange): string {
  const name = escapeHidden(change.path);
  const where = change.from === undefined ? name : `${escapeHidden(change.from)} → ${name}`;
  const link = change.linkTarget === undefined ? '' : ` → ${escapeHidden(change.linkTarget)}`;
  const size =
    change.guestBytes === undefined || change.kind !== 'added' ? '' : ` (${formatBytes(change.guestBytes)})`;
  if (change.files !== undefined) {
    return `${LETTERS[change.kind]} ${name}/  ${forTerminal(change.blocked ?? '', 500)}`;
  }
  const marks = [
    ...(change.dangers.length > 0 ? [`DANGER: ${change.dangers.join(', ')}${reachedAs(change)}`] : []),
    ...(change.conflict ? [`CONFLICT: ${change.conflict} on this computer too`] : []),
    ...(change.unread ? ['NOT READ: there was too much to read (`--diff` reads it)'] : []),
    ...(change.blocked === undefined ? [] : [`BLOCKED: ${forTerminal(change.blocked, 500)}`]),
  ];
  return [`${LETTERS[change.kind]} ${where}${link}${size}`, ...marks].join('  ');
}

function reachedAs({ reachedAs: name }: ReviewChange): string {
  return name === undefined ? '' : ` (${escapeHidden(name)} leads to it)`;
}

/** The changed lines, all of an added text; where there is nothing to print, why. */
async function diffOf(session: Session, token: string, change: ReviewChange): Promise<string[]> {
  const { kind, type, path, guestBytes = 0 } = change;
  if (type !== 'file' || !['added', 'modified'].includes(kind) || change.blocked !== undefined) {
    return [];
  }
  let hunks: ReviewHunk[];
  try {
    hunks = await session.app.reviewHunks(token, path, { signal: session.signal });
  } catch (error) {
    // One file that can't be shown, or is another by now, does not keep the others from being shown.
    throwIfCancelled(error);
    return [`    not shown: ${forTerminal(messageOf(error), 500)}`];
  }
  if (hunks.length === 0 && guestBytes > 0) {
    return [`    not text: ${formatBytes(guestBytes)}`];
  }
  return hunks.flatMap((hunk) => [
    `    @@ -${hunk.hostStart},${hunk.hostLines} +${hunk.guestStart},${hunk.guestLines} @@`,
    ...hunk.lines.map((line) => `    ${line.split('\t').map(escapeHidden).join('\t')}`),
    ...(hunk.notShown > 0 ? [`    … ${hunk.notShown} lines not shown`] : []),
  ]);
}

function describeCommits(machineId: string, found: readonly ReviewCommit[]): string[] {
  if (found.length === 0) {
    return [];
  }
  const shown = found.slice(0, COMMITS_SHOWN);
  return [
    `Commits that this computer lacks (bring them with \`bulkhead pull ${machineId} --commits\`):`,
    ...shown.map(
      ({ branch, hash, subject }) =>
        `  ${hash.slice(0, 10)} ${forTerminal(branch)}: ${escapeHidden(subject)}`,
    ),
    ...(found.length > shown.length ? [`  … and ${found.length - shown.length} more`] : []),
  ];
}
