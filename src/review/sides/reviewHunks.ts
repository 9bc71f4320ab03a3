import { createHash } from 'node:crypto';
import { diffArrays } from 'diff';
import type { ReviewHunk } from '../reviewService';

/** Lines around a change. */
const CONTEXT = 3;
/**
 * Above any of these the whole file is one hunk: bytes of a side; edits among the lines that both sides have (1.5 s at worst).
 * Never a time: the same two files must give the same hunks whenever they are compared, however busy this computer is.
 */
const BYTES_MAX = 5 * 1024 * 1024;
const EDITS_MAX = 1_500;
/** Of a hunk: half for what the guest has, half for the rest. */
const LINES_SHOWN = 2_000;
const LINE_SHOWN = 2_000;

/** A run of lines; `host` and `guest` are equal in `same`. Lines keep their ends, as latin1: one character a byte. */
interface Run {
  same: boolean;
  host: string[];
  guest: string[];
}

/** A hunk with what it covers: indexes into the runs. */
interface Cover {
  hunk: ReviewHunk;
  first: number;
  last: number;
}

/** What differs between two texts, in runs with a few lines around. Works on bytes: no encoding is assumed, none is lost. */
export function reviewHunks(host: Buffer, guest: Buffer): ReviewHunk[] {
  return covers(runsOf(host, guest)).map(({ hunk }) => hunk);
}

/** The host's text with only these hunks (by `id`) of the guest's; undefined if one of them is not there. */
export function mergeHunks(host: Buffer, guest: Buffer, wanted: readonly string[]): Buffer | undefined {
  const runs = runsOf(host, guest);
  const all = covers(runs);
  const taken = all.filter(({ hunk }) => wanted.includes(hunk.id));
  if (taken.length !== new Set(wanted).size) {
    return undefined;
  }
  const lines = runs.flatMap((run, at) =>
    taken.some(({ first, last }) => at >= first && at <= last) ? run.guest : run.host,
  );
  return Buffer.from(lines.join(''), 'latin1');
}

function runsOf(host: Buffer, guest: Buffer): Run[] {
  const [old, now] = [linesOf(host), linesOf(guest)];
  const small = host.length <= BYTES_MAX && guest.length <= BYTES_MAX;
  const pairs = small ? commonLines(old, now) : undefined;
  const runs: Run[] = [];
  let [hostAt, guestAt] = [0, 0];
  for (const [hostTo, guestTo] of [...(pairs ?? []), [old.length, now.length] as const]) {
    if (hostTo > hostAt || guestTo > guestAt) {
      runs.push({ same: false, host: old.slice(hostAt, hostTo), guest: now.slice(guestAt, guestTo) });
    }
    const line = old[hostTo];
    const last = runs.at(-1);
    if (line !== undefined && last?.same) {
      last.host.push(line);
    } else if (line !== undefined && hostTo < old.length) {
      const same = [line];
      runs.push({ same: true, host: same, guest: same });
    }
    [hostAt, guestAt] = [hostTo + 1, guestTo + 1];
  }
  return runs;
}

/**
 * Indexes of the lines that stay, in both texts. Lines that only one side has can't be among them and need no search, which
 * leaves little of an ordinary rewrite. Undefined above `EDITS_MAX`.
 */
function commonLines(old: readonly string[], now: readonly string[]): [number, number][] | undefined {
  const [inOld, inNow] = [new Set(old), new Set(now)];
  const shared = (lines: readonly string[], other: ReadonlySet<string>) =>
    [...lines.keys()].filter((at) => other.has(lines[at] ?? ''));
  const [oldAt, nowAt] = [shared(old, inNow), shared(now, inOld)];
  const parts = diffArrays(
    oldAt.map((at) => old[at]),
    nowAt.map((at) => now[at]),
    { maxEditLength: EDITS_MAX },
  );
  const pairs: [number, number][] = [];
  let [hostAt, guestAt] = [0, 0];
  for (const { added, removed, value } of parts ?? []) {
    for (const _line of added || removed ? [] : value) {
      pairs.push([oldAt[hostAt++] ?? 0, nowAt[guestAt++] ?? 0]);
    }
    hostAt += removed ? value.length : 0;
    guestAt += added ? value.length : 0;
  }
  return parts && pairs;
}

function linesOf(content: Buffer): string[] {
  return content.toString('latin1').match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Changes with less than twice the context between them are one hunk, as diff(1) has it. */
function covers(runs: readonly Run[]): Cover[] {
  const found: Cover[] = [];
  let [hostAt, guestAt] = [0, 0];
  const starts = runs.map((run) => {
    const start = { host: hostAt, guest: guestAt };
    hostAt += run.host.length;
    guestAt += run.guest.length;
    return start;
  });
  for (let at = 0; at < runs.length; at++) {
    if (runs[at]?.same !== false) {
      continue;
    }
    let last = at;
    while (runs[last + 2] && (runs[last + 1]?.host.length ?? 0) <= 2 * CONTEXT) {
      last += 2;
    }
    found.push(cover(runs, starts, at, last, found.length));
    at = last;
  }
  return found;
}

function cover(
  runs: readonly Run[],
  starts: readonly { host: number; guest: number }[],
  first: number,
  last: number,
  index: number,
): Cover {
  const before = runs[first - 1]?.host.slice(-CONTEXT) ?? [];
  const after = runs[last + 1]?.host.slice(0, CONTEXT) ?? [];
  const inside = runs.slice(first, last + 1);
  const lines = [
    ...before.map((line) => shown(' ', line)),
    ...inside.flatMap((run) =>
      run.same
        ? run.host.map((line) => shown(' ', line))
        : [...run.host.map((line) => shown('-', line)), ...run.guest.map((line) => shown('+', line))],
    ),
    ...after.map((line) => shown(' ', line)),
  ].flat();
  const count = (side: 'host' | 'guest') =>
    before.length + after.length + inside.reduce((sum, run) => sum + run[side].length, 0);
  const start = (side: 'host' | 'guest') => (starts[first]?.[side] ?? 0) - before.length;
  const shownLines = cutLines(lines);
  const hunk: ReviewHunk = {
    index,
    id: idOf(starts[first] ?? { host: 0, guest: 0 }, inside),
    // An empty side begins at the line before it (POSIX diff -u).
    hostStart: start('host') + (count('host') === 0 ? 0 : 1),
    hostLines: count('host'),
    guestStart: start('guest') + (count('guest') === 0 ? 0 : 1),
    guestLines: count('guest'),
    lines: shownLines,
    notShown: lines.length - shownLines.length,
  };
  return { hunk, first, last };
}

/** Names the place and the bytes of both sides: a selection can mean nothing else than what was shown. */
function idOf(start: { host: number; guest: number }, inside: readonly Run[]): string {
  const hash = createHash('sha256');
  for (const side of ['host', 'guest'] as const) {
    const text = inside.flatMap((run) => run[side]).join('');
    hash.update(`${start[side]} ${text.length}\n`).update(text, 'latin1');
  }
  return hash.digest('hex');
}

/** Neither side can push the other out of sight. */
function cutLines(lines: string[]): string[] {
  const left = { guest: LINES_SHOWN / 2, other: LINES_SHOWN / 2 };
  return lines.length <= LINES_SHOWN
    ? lines
    : lines.filter((line) => left[line.startsWith('+') ? 'guest' : 'other']-- > 0);
}

/** A line as a unified diff has it, as UTF-8, its end taken off. */
function shown(sign: ' ' | '-' | '+', line: string): string[] {
  const whole = line.endsWith('\n');
  const text = Buffer.from(whole ? line.slice(0, -1) : line, 'latin1').toString('utf8');
  const more = text.length - LINE_SHOWN;
  const cut = more > 0 ? `${text.slice(0, LINE_SHOWN)}… (${more} more characters)` : text;
  return [`${sign}${cut}`, ...(whole ? [] : ['\\ No newline at end of file'])];
}
