import type { HostState } from '../host/hostPath';
import type { BaselineEntry } from '../look/baseline';
import { gitPart } from '../look/gitParts';
import { type GuestState, isExecutable } from '../look/lookedAt';
import { DANGERS, type Danger } from '../reviewService';
import { foldName } from './foldName';
import { countHidden, hidesMore, isBinary } from './hiddenText';
import { isInstalled } from './installed';
import { packageRunsOther } from './packageScripts';
import { pathDangers } from './pathRules';
import { passesForText } from './textNames';

/**
 * All dangers of one change. `before` and `after` are the file's bytes on this computer and in the guest, where they are at hand;
 * `names` are others that lead to it here (`LeadingNames`).
 */
export function changeDangers(change: {
  path: string;
  from?: string | undefined;
  guest: GuestState;
  host: HostState;
  base?: BaselineEntry | undefined;
  before?: Buffer | undefined;
  after?: Buffer | undefined;
  names?: readonly string[] | undefined;
}): Danger[] {
  const { path, from, guest, host, before, after } = change;
  const found = new Set<Danger>([path, ...(from === undefined ? [] : [from])].flatMap(nameDangers));
  for (const name of change.names ?? []) {
    for (const danger of handedOn(name)) {
      found.add(danger);
    }
  }
  if (guest.type === 'symlink') {
    found.add('symlink');
  }
  if (guest.type === 'file') {
    if (canBeStarted(guest, host)) {
      found.add('executable');
    }
    if (
      foldName(path.split('/').at(-1) ?? '') === 'package.json' &&
      // What had another name before was no package's file.
      (!after || packageRunsOther(from === undefined ? before : undefined, after))
    ) {
      found.add('scripts');
    }
    if (after && hidesText(path, before, after)) {
      found.add('text');
    }
  }
  if (guest.type !== 'absent' && countHidden(path) > 0) {
    found.add('text');
  }
  return DANGERS.filter((danger) => found.has(danger));
}

function nameDangers(path: string): Danger[] {
  return [...pathDangers(path), ...(gitPart(path) === 'none' ? [] : (['git'] as const))];
}

/** What the name of a link says of what it leads to. A package that is linked into node_modules is source like any other. */
export function handedOn(name: string): Danger[] {
  return isInstalled(name) ? [] : nameDangers(name);
}

/** It becomes executable, or what is executable on either side is another program. */
function canBeStarted(guest: GuestState, host: HostState): boolean {
  const was = host.type === 'file' && isExecutable(host.mode);
  const differs = host.type !== 'file' || host.sha256 !== guest.sha256;
  return isExecutable(guest.mode) ? !was || differs : was && differs;
}

/** Characters, or a NUL that makes a diff call it "not text", that hide what a reader should see and this computer's file doesn't have. */
function hidesText(path: string, before: Buffer | undefined, after: Buffer): boolean {
  return isBinary(after) ? passesForText(path, before, after) : hidesMore(before, after);
}
