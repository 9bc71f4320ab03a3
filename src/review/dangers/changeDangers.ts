import type { HostState } from '../host/hostPath';
import type { BaselineEntry } from '../look/baseline';
import { gitPart } from '../look/gitParts';
import { type GuestState, isExecutable } from '../look/lookedAt';
import { DANGERS, type Danger } from '../reviewService';
import { foldName } from './foldName';
import { countHidden, isBinary } from './hiddenText';
import { packageRunsOther } from './packageScripts';
import { pathDangers } from './pathRules';

/** All dangers of one change. `before` and `after` are the file's bytes on this computer and in the guest, where they are at hand. */
export function changeDangers(change: {
  path: string;
  from?: string | undefined;
  guest: GuestState;
  host: HostState;
  base?: BaselineEntry | undefined;
  before?: Buffer | undefined;
  after?: Buffer | undefined;
}): Danger[] {
  const { path, from, guest, host, before, after } = change;
  const found = new Set<Danger>([...pathDangers(path), ...(from === undefined ? [] : pathDangers(from))]);
  if (gitPart(path) !== 'none') {
    found.add('git');
  }
  if (guest.type === 'symlink') {
    found.add('symlink');
  }
  if (guest.type === 'file') {
    const was = host.type === 'file' ? host.mode : undefined;
    if (isExecutable(guest.mode) && !(was !== undefined && isExecutable(was))) {
      found.add('executable');
    }
    if (
      foldName(path.split('/').at(-1) ?? '') === 'package.json' &&
      // What had another name before was no package's file.
      (!after || packageRunsOther(from === undefined ? before : undefined, after))
    ) {
      found.add('scripts');
    }
    if (after && hidesText(before, after)) {
      found.add('text');
    }
  }
  if (guest.type !== 'absent' && countHidden(path) > 0) {
    found.add('text');
  }
  return DANGERS.filter((danger) => found.has(danger));
}

/** Hidden characters that the file on this computer doesn't have already. */
function hidesText(before: Buffer | undefined, after: Buffer): boolean {
  if (isBinary(after)) {
    return false;
  }
  const count = countHidden(after.toString('utf8'));
  return count > 0 && count > (before ? countHidden(before.toString('utf8')) : 0);
}
