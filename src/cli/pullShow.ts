import { EXIT } from '../core/errors';
import type { KeptReview, Review, ReviewChange, ReviewCommit } from '../review/reviewService';
import { formatBytes, oneLine } from './format';
import { keptLook } from './pullApply';
import type { PullOptions } from './pullCommand';
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
    if (options.diff && change.kind === 'modified' && !change.binary && change.blocked === undefined) {
      lines.push(...(await diffOf(session, review.token, change.path)));
    }
  }
  session.output.result(review, [
    ...(lines.length === 0 ? ['The machine changed nothing that this computer lacks.'] : lines),
    ...(review.truncated ? ['… and more changes than are listed here'] : []),
    ...describeCommits(id, review.commits ?? []),
    ...(review.notes ?? []).map((note) => `note: ${oneLine(note, 1000)}`),
    ...(lines.length === 0 ? [] : [`look: ${review.token} (\`--apply\` brings back from this one)`]),
  ]);
  return EXIT.done;
}

function describe(change: ReviewChange): string {
  const name = oneLine(change.path, 1000);
  const where = change.from === undefined ? name : `${oneLine(change.from, 1000)} → ${name}`;
  const link = change.linkTarget === undefined ? '' : ` → ${oneLine(change.linkTarget)}`;
  const size =
    change.guestBytes === undefined || change.kind !== 'added' ? '' : ` (${formatBytes(change.guestBytes)})`;
  const marks = [
    ...(change.dangers.length > 0 ? [`DANGER: ${change.dangers.join(', ')}`] : []),
    ...(change.conflict ? [`CONFLICT: ${change.conflict} on this computer too`] : []),
    ...(change.blocked === undefined ? [] : [`BLOCKED: ${oneLine(change.blocked, 500)}`]),
  ];
  return [`${LETTERS[change.kind]} ${where}${link}${size}`, ...marks].join('  ');
}

async function diffOf(session: Session, token: string, path: string): Promise<string[]> {
  const hunks = await session.app.reviewHunks(token, path, { signal: session.signal });
  return hunks.flatMap((hunk) => [
    `    @@ -${hunk.hostStart},${hunk.hostLines} +${hunk.guestStart},${hunk.guestLines} @@`,
    ...hunk.lines.map((line) => `    ${oneLine(line, 2000)}`),
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
      ({ branch, hash, subject }) => `  ${hash.slice(0, 10)} ${oneLine(branch)}: ${oneLine(subject)}`,
    ),
    ...(found.length > shown.length ? [`  … and ${found.length - shown.length} more`] : []),
  ];
}
