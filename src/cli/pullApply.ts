import { BulkheadError, EXIT } from '../core/errors';
import { escapeHidden } from '../core/escapeHidden';
import { forTerminal } from '../core/plainText';
import type { ApplyResult, KeptReview, Selection } from '../review/reviewService';
import { matchesPath } from './pathPattern';
import { type PullOptions, usage } from './pullOptions';
import type { Session } from './session';

/** Brings back what is named, from a look that was shown: what the machine has by now counts only with `--look now`. */
export async function applyLook(session: Session, id: string, options: PullOptions): Promise<number> {
  const { app, signal, status, output } = session;
  const { review, notes } = await lookToApply(session, id, options);
  const selections = select(review, options);
  const result: ApplyResult =
    selections.length === 0
      ? { applyId: '', applied: [], refused: [], notes: [] }
      : await app.applyReview(review.token, selections, {
          signal,
          dropUndo: options.dropUndo ?? false,
          onProgress: status.report,
        });
  status.clear();
  notes.push(...result.notes);
  const left = review.changes.filter(({ path }) => !result.applied.includes(path));
  output.result({ ...result, left: left.map(({ path }) => path), look: review.token, notes }, [
    ...result.applied.map((path) => `applied  ${escapeHidden(path)}`),
    ...result.refused.map(({ path, why }) => `refused  ${escapeHidden(path)}: ${forTerminal(why, 500)}`),
    `${result.applied.length} applied, ${result.refused.length} refused, ${left.length - result.refused.length} left`,
    ...(result.applied.length > 0 ? [`undo with \`bulkhead pull ${id} --undo ${result.applyId}\``] : []),
    ...notes.map((note) => `note: ${forTerminal(note, 1000)}`),
  ]);
  return result.refused.length > 0 ? EXIT.failed : EXIT.done;
}

/** The look of that token. @throws BulkheadError of kind `usage` if it is not kept */
export async function keptLook(session: Session, id: string, token: string): Promise<KeptReview> {
  const kept = await session.app.keptReview(id, token);
  if (!kept) {
    throw new BulkheadError('That look is not kept any more', { kind: 'usage', next: `bulkhead pull ${id}` });
  }
  return kept;
}

/**
 * A look that was shown, if there is one: the machine can have written something else since somebody read it. Only what is
 * ordinary may be looked at and applied in one go.
 */
async function lookToApply(
  session: Session,
  id: string,
  options: PullOptions,
): Promise<{ review: KeptReview; notes: string[] }> {
  const { app, signal, status } = session;
  const { look } = options;
  if (look !== undefined && look !== 'now') {
    return { review: await keptLook(session, id, look), notes: [] };
  }
  const shown = look === undefined ? await app.keptReview(id) : undefined;
  if (shown) {
    const when = new Date(shown.at).toLocaleString();
    return {
      review: shown,
      notes: [
        `these were the changes at ${when}; \`bulkhead pull ${id}\` looks again, \`--look now\` in one go`,
      ],
    };
  }
  if (options.danger || options.takeGuest) {
    throw usage(
      'pull: --danger and --take-guest need a look at the changes that was shown',
      `Run \`bulkhead pull ${id} --diff\`, read it, then run this again.`,
    );
  }
  const review = await app.review(id, { signal, shownIn: 'nowhere', onProgress: status.report });
  return { review: { ...review, at: Date.now() }, notes: review.notes };
}

function select({ changes }: KeptReview, options: PullOptions): Selection[] {
  const dangers = new Set(options.danger);
  const guests = new Set(options.takeGuest);
  const globs = options.path ?? [];
  for (const [flag, name] of [
    ...[...dangers].map((name) => ['--danger', name]),
    ...[...guests].map((name) => ['--take-guest', name]),
  ]) {
    if (!changes.some(({ path }) => path === name)) {
      throw usage(
        `pull: ${flag} ${escapeHidden(name ?? '')} is no change of that look`,
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
