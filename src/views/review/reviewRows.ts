import { posix } from 'node:path';
import type { ReviewChange, ReviewCommit, ReviewHunk } from '../../review/reviewService';
import { formatBytes } from '../progressText';
import type { L10n, Row } from '../row';
import { dangerTexts } from './dangerText';
import type { ChangeGroup, ReviewModel } from './reviewModel';
import { visibleText } from './visibleText';

/** A row with a box to tick. */
export interface TickRow extends Row {
  box?: { ticked: boolean /** What a screen reader says of the box. */; label: string };
}

const ICONS: Record<ReviewChange['kind'], { id: string; color: string }> = {
  added: { id: 'diff-added', color: 'gitDecoration.addedResourceForeground' },
  modified: { id: 'diff-modified', color: 'gitDecoration.modifiedResourceForeground' },
  deleted: { id: 'diff-removed', color: 'gitDecoration.deletedResourceForeground' },
  renamed: { id: 'diff-renamed', color: 'gitDecoration.renamedResourceForeground' },
  mode: { id: 'diff-modified', color: 'gitDecoration.modifiedResourceForeground' },
};

/** The first row: what a click would do. */
export function applyRow(model: ReviewModel, folder: string, command: string, l10n: L10n): TickRow {
  const { count, bytes, deleted } = model.totals();
  const title = applyTitle(count, l10n);
  return {
    label: title,
    description: count === 0 ? l10n.t('nothing is ticked') : amountText(bytes, deleted, l10n),
    tooltip: l10n.t(
      'Writes what is ticked into {0}. It asks first, and can be undone.',
      visibleText(folder, 300),
    ),
    icon: { id: 'check', ...(count > 0 && { color: 'charts.green' }) },
    contextValue: 'apply',
    expands: 'never',
    ...(count > 0 && { command: { id: command, title } }),
  };
}

export function applyTitle(count: number, l10n: L10n): string {
  return count === 1 ? l10n.t('Apply 1 Change…') : l10n.t('Apply {0} Changes…', count);
}

export function amountText(bytes: number, deleted: number, l10n: L10n): string {
  const written = formatBytes(bytes);
  return deleted === 0 ? written : l10n.t('{0}, {1} deleted', written, deleted);
}

export function groupRow(group: ChangeGroup, model: ReviewModel, l10n: L10n): TickRow {
  const changes = model.changesOf(group);
  const ticked = model.tickedIn(group);
  const bytes = changes.reduce((sum, { guestBytes }) => sum + (guestBytes ?? 0), 0);
  const count = l10n.t('{0} of {1} ticked', ticked, changes.length);
  const texts: Record<ChangeGroup, Pick<Row, 'label' | 'description' | 'tooltip' | 'icon' | 'expands'>> = {
    conflicts: {
      label: l10n.t('Conflicts'),
      description: count,
      tooltip: l10n.t(
        'These files were changed in the folder on this computer too, since they were copied into the VM. They stay as they are here, until you decide about each.',
      ),
      icon: { id: 'warning', color: 'charts.red' },
      expands: 'expanded',
    },
    attention: {
      label: l10n.t('Needs Your Attention'),
      description: count,
      tooltip: l10n.t(
        'These files can make this computer run something, or hide what they are. Look at each before you tick it; nothing ticks them all.',
      ),
      icon: { id: 'shield', color: 'charts.yellow' },
      expands: 'expanded',
    },
    changes: {
      label: l10n.t('Changes'),
      description: `${count} · ${formatBytes(bytes)}`,
      tooltip: l10n.t('Its box ticks all ordinary changes, and no others.'),
      icon: { id: 'files' },
      expands: 'expanded',
    },
    installed: {
      label: l10n.t('Installed Dependencies'),
      description: installedText(changes, ticked, l10n),
      tooltip: l10n.t(
        'What package managers put into the folder. Editors, linters and interpreters load it as soon as they look at the folder, so it stays in the VM: install it on this computer instead. `workspace.exclude` keeps such folders out of the next VM and out of this list. A file that you want all the same has a box of its own.',
      ),
      icon: { id: 'package' },
      expands: 'collapsed',
    },
    blocked: {
      label: l10n.t('Can’t Be Brought Back'),
      description: String(changes.length),
      tooltip: l10n.t('These are never written into the folder; each says why.'),
      icon: { id: 'circle-slash' },
      expands: 'collapsed',
    },
  };
  return {
    ...texts[group],
    contextValue: `group.${group}`,
    ...(group === 'changes' && {
      box: { ticked: ticked === changes.length, label: l10n.t('all ordinary changes') },
    }),
  };
}

function installedText(changes: readonly ReviewChange[], ticked: number, l10n: L10n): string {
  const all = changes.reduce((sum, { files }) => sum + (files ?? 1), 0);
  return ticked === 0
    ? l10n.t('{0} left out: install them here instead', all)
    : l10n.t('{0} of {1} ticked', ticked, all);
}

/** A file. Ordinary ones have their name first, as in the explorer; where the place matters, the whole path is the name. */
export function changeRow(
  change: ReviewChange,
  model: ReviewModel,
  openCommand: string,
  l10n: L10n,
): TickRow {
  const group = model.groupOf(change.path) ?? 'blocked';
  const path = visibleText(change.path);
  const isOrdinary = group === 'changes';
  const folder = posix.dirname(change.path);
  const dangers = dangerTexts(change, l10n);
  const part = model.partOf(change.path);
  const words = [
    ...(change.files === undefined ? [] : [l10n.t('{0} files, left out', change.files)]),
    ...(group === 'blocked' ? [visibleText(change.blocked ?? '', 300)] : []),
    ...(group === 'conflicts' ? [conflictText(change, model, l10n)] : []),
    ...dangers,
    ...(isOrdinary && folder !== '.' ? [visibleText(folder)] : []),
    ...(part ? [l10n.t('{0} of {1} parts', part.chosen, part.all)] : []),
    kindText(change, l10n),
    sizeText(change),
    ...(change.unread ? [l10n.t('not read yet: open it')] : []),
  ];
  return {
    label: isOrdinary ? visibleText(posix.basename(change.path)) : path,
    description: words.filter((text) => text !== '').join(' · '),
    tooltip: [path, kindText(change, l10n), ...dangers].join('\n'),
    icon: ICONS[change.kind],
    contextValue: `change.${group}${model.hasHunks(change.path) ? '.parts' : ''}`,
    expands: model.hasHunks(change.path) ? 'collapsed' : 'never',
    command: { id: openCommand, title: l10n.t('Open Changes') },
    ...(change.blocked === undefined && { box: { ticked: model.isTicked(change.path), label: path } }),
  };
}

/** What happened to it in the VM. */
function kindText(change: ReviewChange, l10n: L10n): string {
  const becameExecutable =
    ((change.guestMode ?? 0) & 0o111) !== 0 &&
    ((change.hostMode ?? 0) & 0o111) === 0 &&
    change.kind !== 'added';
  const texts: Record<ReviewChange['kind'], string> = {
    added: l10n.t('added'),
    modified: becameExecutable ? l10n.t('modified, made executable') : l10n.t('modified'),
    deleted: l10n.t('deleted'),
    renamed: l10n.t('renamed from {0}', visibleText(change.from ?? '', 120)),
    mode: l10n.t('permissions {0}', `${modeText(change.hostMode)} → ${modeText(change.guestMode)}`),
  };
  return texts[change.kind];
}

function sizeText({ kind, type, hostBytes, guestBytes }: ReviewChange): string {
  if (type !== 'file' || kind === 'mode') {
    return '';
  }
  if (hostBytes !== undefined && guestBytes !== undefined && hostBytes !== guestBytes) {
    return `${formatBytes(hostBytes)} → ${formatBytes(guestBytes)}`;
  }
  const bytes = guestBytes ?? hostBytes;
  return bytes === undefined ? '' : formatBytes(bytes);
}

/** Permission bits as people write them: `755`. */
export function modeText(mode: number | undefined): string {
  return mode === undefined ? '?' : (mode & 0o777).toString(8).padStart(3, '0');
}

function conflictText(change: ReviewChange, model: ReviewModel, l10n: L10n): string {
  const resolution = model.resolution(change.path);
  if (resolution !== undefined) {
    return resolution === 'guest' ? l10n.t('takes the VM’s') : l10n.t('takes your merge');
  }
  const here: Record<NonNullable<ReviewChange['conflict']>, string> = {
    modified: l10n.t('changed on this computer too'),
    deleted: l10n.t('deleted on this computer'),
    added: l10n.t('added on this computer too'),
  };
  return change.conflict === undefined ? '' : here[change.conflict];
}

/** A run of lines: named by the first of them that says something. */
export function hunkRow(
  hunk: ReviewHunk,
  path: string,
  model: ReviewModel,
  openCommand: string,
  l10n: L10n,
): TickRow {
  const changed = hunk.lines.filter((line) => /^[+-]/.test(line));
  // What the VM has comes first: that is what a tick brings.
  const says = (sign: string) => changed.find((line) => line.startsWith(sign) && /[\p{L}\p{N}]/u.test(line));
  const first = says('+') ?? says('-') ?? changed[0] ?? '';
  const added = changed.filter((line) => line.startsWith('+')).length;
  const place = l10n.t('line {0}', hunk.guestStart);
  return {
    label: visibleText(first.replace(/\s+/g, ' ').trim(), 100),
    description: `${place} · +${added} −${changed.length - added}`,
    tooltip: [
      ...hunk.lines.slice(0, 12).map((line) => visibleText(line.replaceAll('\t', '  '), 120)),
      ...(hunk.notShown > 0 ? [l10n.t('…and {0} lines that only the diff shows', hunk.notShown)] : []),
    ].join('\n'),
    contextValue: 'hunk',
    expands: 'never',
    command: { id: openCommand, title: l10n.t('Open Changes') },
    box: { ticked: model.isHunkTicked(path, hunk.index), label: place },
  };
}

export function commitsRow(commits: readonly ReviewCommit[], l10n: L10n): TickRow {
  const branches = [...new Set(commits.map(({ branch }) => branch))];
  const [only] = branches;
  return {
    label: l10n.t('Commits'),
    description:
      branches.length === 1 && only !== undefined
        ? l10n.t('{0} on {1}', commits.length, visibleText(only, 60))
        : l10n.t('{0} on {1} branches', commits.length, branches.length),
    tooltip: l10n.t(
      'Commits of the VM’s repository that the one on this computer lacks. They can be fetched into branches of their own, which changes no file.',
    ),
    icon: { id: 'git-commit' },
    contextValue: 'group.commits',
    expands: 'collapsed',
  };
}

export function commitRow({ branch, hash, subject }: ReviewCommit): TickRow {
  return {
    label: visibleText(subject, 120),
    description: `${visibleText(hash.slice(0, 8))} · ${visibleText(branch, 60)}`,
    contextValue: 'commit',
    expands: 'never',
  };
}

export function moreRow(left: number, command: string, l10n: L10n): TickRow {
  const label = l10n.t('Show More ({0} are not shown)', left);
  return {
    label,
    tooltip: l10n.t('What is not shown is ticked or not as its group says.'),
    icon: { id: 'ellipsis' },
    contextValue: 'more',
    expands: 'never',
    command: { id: command, title: label },
  };
}
