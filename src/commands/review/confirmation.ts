import { dangerTexts } from '../../views/review/dangerText';
import type { ReviewModel } from '../../views/review/reviewModel';
import { amountText } from '../../views/review/reviewRows';
import { visibleText } from '../../views/review/visibleText';
import type { L10n } from '../../views/row';

/** Lines of each list in the question: a dialog has no scroll bar. */
const SHOWN = 12;

/** The question before anything is written: where, how much, what is deleted or replaced, and each dangerous change. */
export function confirmation(model: ReviewModel, l10n: L10n): { question: string; detail: string } {
  const { count, bytes, deleted, dangerous, conflicts } = model.totals();
  const folder = visibleText(model.review.folder, 300);
  const question = count === 1 ? l10n.t('Bring 1 change back?') : l10n.t('Bring {0} changes back?', count);
  const deletions = model
    .selections()
    .flatMap(({ path }) => (model.change(path)?.kind === 'deleted' ? [path] : []));
  const parts = [
    l10n.t('Into {0}: {1}.', folder, amountText(bytes, deleted, l10n)),
    list(
      dangerous.map((change) => `${visibleText(change.path)}: ${dangerTexts(change, l10n).join('; ')}`),
      l10n.t('You have ticked what can be dangerous:'),
      l10n,
    ),
    list(
      conflicts.map(({ path }) => {
        const taken = model.resolution(path) === 'guest' ? l10n.t('the VM’s') : l10n.t('your merge');
        return `${visibleText(path)}: ${taken}`;
      }),
      l10n.t('Changed on this computer too, and replaced by:'),
      l10n,
    ),
    list(
      deletions.map((path) => visibleText(path)),
      l10n.t('Deleted:'),
      l10n,
    ),
    l10n.t('What is replaced or deleted is kept, and can be put back with "Undo Bringing Back…".'),
  ];
  return { question, detail: parts.filter((part) => part !== '').join('\n\n') };
}

function list(lines: string[], title: string, l10n: L10n): string {
  if (lines.length === 0) {
    return '';
  }
  const more =
    lines.length > SHOWN ? [l10n.t('…and {0} more, ticked in the Review view', lines.length - SHOWN)] : [];
  return [title, ...lines.slice(0, SHOWN).map((line) => `• ${line}`), ...more].join('\n');
}
