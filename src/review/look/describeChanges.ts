import { posix } from 'node:path';
import type { HostFolder } from '../../guest/copy/hostFolder';
import { isSafeHostName } from '../../guest/copy/hostName';
import { changeDangers, handedOn } from '../dangers/changeDangers';
import { LeadingNames } from '../dangers/leadingNames';
import { isShownAsText } from '../dangers/textNames';
import { collidingPath } from '../host/hostCollision';
import { atHostPath, type HostState, hostStateAt, readHostFile } from '../host/hostPath';
import type { Lead } from '../host/lead';
import { staysInside } from '../host/linkTarget';
import type { ReviewChange } from '../reviewService';
import { BareRepositories } from './bareRepositories';
import type { BaselineEntry } from './baseline';
import type { ContentStore } from './contentStore';
import { gitPart } from './gitParts';
import { FILE_MAX, type GuestChange } from './guestChanges';
import { type GuestState, isExecutable, type LookedAt } from './lookedAt';
import { NameTwins } from './nameTwins';

/** Paths of the host looked at at a time. */
const AT_ONCE = 8;
/** Of a file on this computer, for telling what kind of text it is. Bytes. */
const HOST_TEXT_MAX = 5 * 1024 * 1024;
const DEPTH_MAX = 100;

/** Puts the guest's changes beside what this computer has: what is the same here already is no change any more. */
export async function describeChanges(
  root: HostFolder,
  changes: readonly GuestChange[],
  guestPaths: Iterable<string>,
  store: ContentStore,
  leads: readonly Lead[] = [],
): Promise<LookedAt[]> {
  const hosts = await mapInGroups(changes, AT_ONCE, ({ path }) => hostStateAt(root, path));
  const found: Found[] = [];
  changes.forEach((change, index) => {
    const host = hosts[index] ?? { type: 'unreachable' };
    if (!sameAsHost(change.guest, host)) {
      found.push({ ...change, host });
    }
  });
  const withRenames = joinRenames(found);
  const all = [...guestPaths];
  const twins = new NameTwins(
    withRenames.filter(({ guest }) => guest.type !== 'absent').map(({ path }) => path),
    all,
  );
  const names = new LeadingNames([...leads, ...guestLeads(withRenames)]);
  const known = { twins, bare: new BareRepositories(root, all), names, store };
  return mapInGroups(withRenames, AT_ONCE, (each) => describe(root, each, known));
}

/** What is known of all paths of this look. */
interface Known {
  twins: NameTwins;
  bare: BareRepositories;
  names: LeadingNames;
  store: ContentStore;
}

interface Found extends GuestChange {
  host: HostState;
  from?: { path: string; host: HostState };
}

/** Links that would be made: who ticks one and not what is behind it has both. */
function guestLeads(found: readonly Found[]): Lead[] {
  return found.flatMap(({ path, guest: { target } }) =>
    target !== undefined && staysInside(path, target)
      ? { name: path, to: posix.join(posix.dirname(path), target).replace(/^\.$|\/$/, '') }
      : [],
  );
}

/** A file that went and one of the same content that came are one file with a new name. */
function joinRenames(found: readonly Found[]): Found[] {
  const gone = new Map<string, Found[]>();
  for (const each of found) {
    const { guest, base, host } = each;
    if (
      guest.type === 'absent' &&
      base?.sha256 !== undefined &&
      base.size > 0 &&
      !conflictOf(guest, base, host)
    ) {
      gone.set(base.sha256, [...(gone.get(base.sha256) ?? []), each]);
    }
  }
  const joined = new Set<Found>();
  const result = found.map((each) => {
    const { guest, base, host } = each;
    const candidates = base || host.type !== 'absent' ? undefined : gone.get(guest.sha256 ?? '');
    const same = candidates?.find(({ path }) => nameOf(path) === nameOf(each.path)) ?? candidates?.[0];
    if (!same || !candidates) {
      return each;
    }
    candidates.splice(candidates.indexOf(same), 1);
    joined.add(same);
    return { ...each, from: { path: same.path, host: same.host } };
  });
  return result.filter((each) => !joined.has(each));
}

async function describe(root: HostFolder, found: Found, known: Known): Promise<LookedAt> {
  const { store } = known;
  const { path, guest, host, base, from } = found;
  const after =
    guest.type === 'file' && guest.sha256 !== undefined ? await store.get(guest.sha256) : undefined;
  const before = await hostContent(root, from ?? { path, host });
  const content = after ?? (guest.type === 'file' && guest.sha256 !== hashOf(host) ? undefined : before);
  const conflict = from ? undefined : conflictOf(guest, base, host);
  const blocked = await blockedOf(root, found, known);
  const shown = guest.type === 'absent' ? host : guest;
  const leading = known.names.of(path);
  const dangers = changeDangers({
    path,
    from: from?.path,
    guest,
    host: from?.host ?? host,
    base,
    before,
    after: content,
    names: leading.names,
  });
  const leadsHere = leading.names.find((name) => handedOn(name).length > 0);
  const isUnread = guest.type === 'file' && content === undefined && guest.sha256 !== hashOf(host);
  const change: ReviewChange = {
    path,
    kind: kindOf(found),
    ...(from && { from: from.path }),
    type: shown.type === 'symlink' || shown.type === 'directory' ? shown.type : 'file',
    ...(guest.target !== undefined && { linkTarget: guest.target }),
    ...sizes(from?.host ?? host, guest),
    binary:
      shown.type === 'file' && !isUnread && (content === undefined || !isShownAsText(path, before, content)),
    ...(isUnread && blocked === undefined && { unread: true }),
    dangers: leading.isPartial && !dangers.includes('symlink') ? [...dangers, 'symlink'] : dangers,
    ...(leadsHere !== undefined && { reachedAs: leadsHere }),
    ...(conflict && { conflict }),
    ...(blocked !== undefined && { blocked }),
  };
  return { change, guest, host, ...(base && { base }), ...(from && { fromHost: from.host }) };
}

function sizes(host: HostState, guest: GuestState): Partial<ReviewChange> {
  return {
    ...(host.type === 'file' && { hostBytes: host.size }),
    ...(guest.type === 'file' && { guestBytes: guest.size }),
    ...((host.type === 'file' || host.type === 'directory') && { hostMode: host.mode & 0o777 }),
    ...((guest.type === 'file' || guest.type === 'directory') && { guestMode: guest.mode & 0o777 }),
  };
}

function kindOf({ guest, base, host, from }: Found): ReviewChange['kind'] {
  if (from) {
    return 'renamed';
  }
  if (guest.type === 'absent') {
    return 'deleted';
  }
  if (!base && host.type === 'absent') {
    return 'added';
  }
  return guest.type === 'file' && guest.sha256 === hashOf(host) ? 'mode' : 'modified';
}

/** What this computer did to the path since both sides had the same. */
export function conflictOf(
  guest: GuestState,
  base: BaselineEntry | undefined,
  host: HostState,
): ReviewChange['conflict'] {
  if (!base) {
    return host.type === 'absent' || host.type === 'unreachable' ? undefined : 'added';
  }
  if (host.type === 'absent') {
    return guest.type === 'absent' ? undefined : 'deleted';
  }
  return sameAsBase(base, host) ? undefined : 'modified';
}

function sameAsBase(base: BaselineEntry, host: HostState): boolean {
  if (host.type === 'file') {
    // Windows has no executable bit to compare.
    const sameMode = process.platform === 'win32' || isExecutable(base.mode) === isExecutable(host.mode);
    return base.type === 'file' && base.sha256 === host.sha256 && sameMode;
  }
  return base.type === host.type && (host.type !== 'symlink' || base.target === host.target);
}

export function sameAsHost(guest: GuestState, host: HostState): boolean {
  if (guest.type === 'file' && host.type === 'file') {
    const sameMode = process.platform === 'win32' || isExecutable(guest.mode) === isExecutable(host.mode);
    return guest.sha256 === host.sha256 && sameMode;
  }
  return guest.type === host.type && (host.type !== 'symlink' || guest.target === host.target);
}

/** Why it can't be brought back, whatever is ticked. */
async function blockedOf(
  root: HostFolder,
  found: Found,
  { twins, bare }: Known,
): Promise<string | undefined> {
  const { path, guest, host, from } = found;
  const names = path.split('/');
  if (!names.every((name) => isSafeHostName(name))) {
    return 'Its name has characters that a file’s name on this computer must not have.';
  }
  if (names.length > DEPTH_MAX) {
    return 'It is too many folders deep.';
  }
  const part = gitPart(path);
  if (part === 'disguised') {
    return 'Its name passes for .git on some file systems.';
  }
  if (part === 'repository' && guest.type === 'directory') {
    return 'A repository of its own: its settings and hooks run programs. Clone it on this computer instead.';
  }
  if (guest.type === 'other') {
    return 'It is a device, socket or FIFO.';
  }
  if (guest.type === 'symlink' && !staysInside(path, guest.target ?? '')) {
    return 'The link leads out of the folder.';
  }
  if (guest.type === 'file' && guest.size > FILE_MAX) {
    return `It is larger than ${FILE_MAX / 1024 / 1024} MB: copy it with \`bulkhead cp\`.`;
  }
  if (guest.type === 'file' && guest.sha256 === undefined) {
    return 'It could not be read.';
  }
  if (host.type === 'unreachable') {
    return 'On this computer a link, or a file, is where one of its folders should be.';
  }
  if (host.type === 'other') {
    return 'On this computer something that is no plain file has that name.';
  }
  if (guest.type === 'absent') {
    return undefined;
  }
  if (part === 'none' && (await bare.holds(path))) {
    return 'A folder that it is in is a repository (HEAD, objects, refs): its settings run programs. Clone it on this computer instead.';
  }
  if (twins.has(path)) {
    return 'Another file of the VM has the same name to some file systems: they would be one here.';
  }
  if (host.type === 'absent' && (await collidingPath(root, path, from?.path)) !== undefined) {
    return 'A file on this computer has nearly the same name: case or Unicode is all that differs.';
  }
  return undefined;
}

function hostContent(
  root: HostFolder,
  { path, host }: { path: string; host: HostState },
): Promise<Buffer | undefined> {
  if (host.type !== 'file' || host.size > HOST_TEXT_MAX) {
    return Promise.resolve(undefined);
  }
  const read = async (holder: HostFolder | undefined, name: string) =>
    holder && (await readHostFile(holder, name, HOST_TEXT_MAX));
  return atHostPath<Buffer | undefined>(root, path, read, undefined);
}

function hashOf(host: HostState): string | undefined {
  return host.type === 'file' ? host.sha256 : undefined;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

async function mapInGroups<T, R>(
  items: readonly T[],
  size: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += size) {
    results.push(...(await Promise.all(items.slice(at, at + size).map(work))));
  }
  return results;
}
