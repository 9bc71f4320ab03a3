import { createHash } from 'node:crypto';
import { isShownAsText } from '../../review/dangers/textNames';
import type { ReviewChange, ReviewSides } from '../../review/reviewService';
import { formatBytes } from '../progressText';
import type { L10n } from '../row';
import { modeText } from './reviewRows';
import { visibleText } from './visibleText';

/** What the editor shows of one side of a change: the file's own bytes, or a line about what can't be shown as text. */
export function sideContent(
  change: ReviewChange,
  side: 'host' | 'guest' | 'base',
  sides: ReviewSides,
  l10n: L10n,
): Buffer {
  const bytes = sides[side];
  const isThere = side === 'base' ? bytes !== undefined : isOn(side, change);
  if (!isThere) {
    return Buffer.alloc(0);
  }
  const text = describe(change, side, bytes, l10n);
  return text === undefined ? withoutNuls(bytes ?? Buffer.alloc(0)) : Buffer.from(`${text}\n`);
}

/** The editor takes a file with a NUL in it for no text; what is text but for that is shown, the NULs as `visibleText` has them. */
function withoutNuls(bytes: Buffer): Buffer {
  return bytes.includes(0)
    ? Buffer.from(bytes.toString('latin1').replaceAll('\0', '\\u{0}'), 'latin1')
    : bytes;
}

/** Larger sides are not shown (`ReviewSides`). Bytes. */
const SHOWN_MAX = 5 * 1024 * 1024;

/** Whether there is more to show of the change than what the review itself says. */
export function hasBytes({ kind, type, hostBytes = 0, guestBytes = 0 }: ReviewChange): boolean {
  return type === 'file' && kind !== 'mode' && Math.max(hostBytes, guestBytes) <= SHOWN_MAX;
}

function isOn(side: 'host' | 'guest', { kind, conflict }: ReviewChange): boolean {
  return side === 'guest'
    ? kind !== 'deleted'
    : conflict !== 'deleted' && (kind !== 'added' || conflict !== undefined);
}

/** Undefined where the bytes speak for themselves. */
function describe(
  change: ReviewChange,
  side: 'host' | 'guest' | 'base',
  bytes: Buffer | undefined,
  l10n: L10n,
): string | undefined {
  const { kind, type, linkTarget } = change;
  if (kind === 'mode') {
    return l10n.t('Permissions: {0}', modeText(side === 'guest' ? change.guestMode : change.hostMode));
  }
  if (type === 'directory') {
    return l10n.t('A folder');
  }
  if (type === 'symlink' && side === 'guest') {
    return l10n.t('A link to {0}', visibleText(linkTarget ?? bytes?.toString() ?? '?', 1000));
  }
  const size = side === 'guest' ? change.guestBytes : change.hostBytes;
  if (bytes === undefined) {
    return l10n.t('{0}: not shown', formatBytes(size ?? 0));
  }
  return change.binary || (change.unread && !isShownAsText(change.path, undefined, bytes))
    ? l10n.t(
        'Not text: {0}, SHA-256 {1}',
        formatBytes(bytes.length),
        createHash('sha256').update(bytes).digest('hex'),
      )
    : undefined;
}
