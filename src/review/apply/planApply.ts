import type { HostFolder } from '../../guest/copy/hostFolder';
import { changeDangers } from '../dangers/changeDangers';
import { collidingPath } from '../host/hostCollision';
import { type HostState, hostStateAt, sameHostState } from '../host/hostPath';
import { staysInside } from '../host/linkTarget';
import { sha256Of } from '../look/contentStore';
import { conflictOf } from '../look/describeChanges';
import { isExecutable, type LookedAt } from '../look/lookedAt';
import type { Danger, Selection } from '../reviewService';
import { mergeHunks } from '../sides/reviewHunks';
import type { ApplyStep } from './applyJournals';
import type { Content } from './applyStep';

/** A step, and what it writes. */
export interface PlannedStep {
  step: Omit<ApplyStep, 'temporary'>;
  content?: Content;
}

/** All that one selection does: either the whole of it happens or nothing. */
export interface PlannedChange {
  path: string;
  looked: LookedAt;
  steps: PlannedStep[];
  /** What this computer then has, for the next comparison. Only some hunks: the rest still shows. */
  isWhole: boolean;
}

/** A selection that is not applied, and why: a sentence for the user. */
export class Refused extends Error {}

const DANGER_WORDS: Record<Danger, string> = {
  git: 'git runs or follows it',
  editor: 'editors read it by themselves',
  devcontainer: 'it decides how the machine is made',
  ci: 'a build server runs it',
  scripts: 'tools run it by themselves',
  installed: 'tools that look at the folder load it',
  dotfile: 'it is a hidden file',
  executable: 'it can be started as a program',
  symlink: 'it is a link',
  text: 'it has characters that can’t be seen',
};

/** What `selection` would do, checked against what the user saw and what is on this computer now. @throws Refused */
export async function planChange(
  root: HostFolder,
  looked: LookedAt,
  selection: Selection,
  contents: { guest: () => Promise<Buffer>; host: (path: string) => Promise<Buffer> },
): Promise<PlannedChange> {
  const { change, guest } = looked;
  const { path, from } = change;
  assertDecided(looked, selection);
  const host = await unchangedHost(root, path, looked.host);
  const steps: PlannedStep[] = [];
  let isWhole = true;
  if (from !== undefined) {
    const before = await unchangedHost(root, from, looked.fromHost ?? { type: 'absent' });
    steps.push({ step: { path: from, before, after: { type: 'absent' } } });
  }
  if (guest.type === 'absent') {
    steps.push({ step: { path, before: host, after: { type: 'absent' } } });
    return { path, looked, steps, isWhole };
  }
  if (host.type === 'directory' && guest.type !== 'directory') {
    throw new Refused('on this computer a folder has that name');
  }
  if (host.type === 'absent') {
    const twin = await collidingPath(root, path, from);
    if (twin !== undefined) {
      throw new Refused('a file here has nearly the same name: case or Unicode is all that differs');
    }
  }
  if (guest.type === 'directory') {
    steps.push({ step: { path, before: host, after: { type: 'directory', mode: 0o777 & ~umask() } } });
  } else if (guest.type === 'symlink') {
    const target = guest.target ?? '';
    if (!staysInside(path, target)) {
      throw new Refused('the link leads out of the folder');
    }
    steps.push({ step: { path, before: host, after: { type: 'symlink', target } } });
  } else {
    const { bytes, whole } = await wantedBytes(looked, selection, contents);
    isWhole = whole;
    const mode = wantedMode(from === undefined ? host : (looked.fromHost ?? host), looked, selection);
    const after: HostState = { type: 'file', mode, size: bytes.length, sha256: sha256Of(bytes) };
    steps.push({ step: { path, before: host, after }, content: { bytes, mode } });
  }
  return { path, looked, steps, isWhole };
}

function assertDecided({ change, guest, base, host }: LookedAt, selection: Selection): void {
  if (change.blocked !== undefined) {
    throw new Refused(change.blocked);
  }
  if (change.dangers.length > 0 && selection.dangersAccepted !== true) {
    throw needsTick(change.dangers);
  }
  const conflict = change.from === undefined ? conflictOf(guest, base, host) : undefined;
  if ((change.conflict ?? conflict) !== undefined && selection.resolution === undefined) {
    throw new Refused('it changed on this computer too, since the copy: decide which to take');
  }
}

function needsTick(dangers: readonly Danger[]): Refused {
  const why = dangers.map((danger) => DANGER_WORDS[danger]).join(', ');
  return new Refused(`it needs a tick of its own: ${why}`);
}

async function unchangedHost(root: HostFolder, path: string, seen: HostState): Promise<HostState> {
  const now = await hostStateAt(root, path);
  if (now.type === 'unreachable') {
    throw new Refused('on this computer a link, or a file, is where one of its folders should be');
  }
  if (!sameHostState(now, seen)) {
    throw new Refused('it changed on this computer since this look at the changes: look again');
  }
  return now;
}

async function wantedBytes(
  looked: LookedAt,
  selection: Selection,
  contents: { guest: () => Promise<Buffer>; host: (path: string) => Promise<Buffer> },
): Promise<{ bytes: Buffer; whole: boolean }> {
  const { change } = looked;
  const { resolution, hunks } = selection;
  const was = looked.fromHost ?? looked.host;
  const mine = was.type === 'file' ? await contents.host(change.from ?? change.path) : undefined;
  const isMerged = resolution !== undefined && resolution !== 'guest';
  const theirs = isMerged ? resolution.merged : await contents.guest();
  let bytes = theirs;
  if (!isMerged && hunks !== undefined) {
    if (change.kind !== 'modified' || !mine) {
      throw new Refused('only a file that both sides have can be taken in parts');
    }
    const merged = mergeHunks(mine, theirs, hunks);
    if (!merged) {
      throw new Refused('these parts of it are not what was shown');
    }
    bytes = merged;
  }
  // Of what is written: parts of a file can be what the whole is not, and a very large change is seen here for the first time.
  const dangers = changeDangers({
    ...looked,
    path: change.path,
    from: change.from,
    host: was,
    before: mine,
    after: bytes,
  });
  if (dangers.some((danger) => !change.dangers.includes(danger)) && selection.dangersAccepted !== true) {
    throw needsTick(dangers);
  }
  return { bytes, whole: bytes.equals(theirs) };
}

/** The host's own bits, with the executable bit as the guest has it. Never setuid, setgid or sticky. */
function wantedMode(host: HostState, { guest }: LookedAt, { hunks }: Selection): number {
  const was = host.type === 'file' ? host.mode & 0o777 : 0o666 & ~umask();
  if (hunks !== undefined && host.type === 'file') {
    return was;
  }
  if (!isExecutable(guest.mode)) {
    return was & ~0o111;
  }
  return isExecutable(was) ? was : was | ((was & 0o444) >> 2);
}

function umask(): number {
  return process.umask();
}
