import { diffArrays } from 'diff';
import type { ReviewHunk } from '../reviewService';

/** Lines around a change. */
const CONTEXT = 3;
/** Above any of these the whole file is one hunk: bytes of a side, edits, milliseconds. */
const BYTES_MAX = 5 * 1024 * 1024;
const EDITS_MAX = 20_000;
const DIFF_MS = 3_000;
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

/** The host's text with only these hunks of the guest's; undefined if one of them is not there. */
export function mergeHunks(host: Buffer, guest: Buffer, wanted: readonly number[]): Buffer | undefined {
  const runs = runsOf(host, guest);
  const all = covers(runs);
  if (!wanted.every((index) => all[index] !== undefined)) {
    return undefined;
  }
  const taken = all.filter(({ hunk }) => wanted.includes(hunk.index));
  const lines = runs.flatMap((run, at) =>
    taken.some(({ first, last }) => at >= first && at <= last) ? run.guest : run.host,
  );
  return Buffer.from(lines.join(''), 'latin1');
}

function runsOf(host: Buffer, guest: Buffer): Run[] {
  const [old, now] = [linesOf(host), linesOf(guest)];
  const small = host.length <= BYTES_MAX && guest.length <= BYTES_MAX;
  const parts = small ? diffArrays(old, now, { maxEditLength: EDITS_MAX, timeout: DIFF_MS }) : undefined;
  if (!parts) {
    return [{ same: false, host: old, guest: now }];
  }
  const runs: Run[] = [];
  for (const { added, removed, value } of parts) {
    const last = runs.at(-1);
    if (!added && !removed) {
      runs.push({ same: true, host: value, guest: value });
    } else if (last && !last.same) {
      last[added ? 'guest' : 'host'].push(...value);
    } else {
      runs.push({ same: false, host: removed ? [...value] : [], guest: added ? [...value] : [] });
    }
  }
  return runs;
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
  const hunk: ReviewHunk = {
    index,
    // An empty side begins at the line before it (POSIX diff -u).
    hostStart: start('host') + (count('host') === 0 ? 0 : 1),
    hostLines: count('host'),
    guestStart: start('guest') + (count('guest') === 0 ? 0 : 1),
    guestLines: count('guest'),
    lines: lines.slice(0, LINES_SHOWN),
  };
  return { hunk, first, last };
}

/** A line as a unified diff has it, as UTF-8, its end taken off. */
function shown(sign: ' ' | '-' | '+', line: string): string[] {
  const whole = line.endsWith('\n');
  const text = Buffer.from(whole ? line.slice(0, -1) : line, 'latin1').toString('utf8');
  const cut = text.length > LINE_SHOWN ? `${text.slice(0, LINE_SHOWN)}…` : text;
  return [`${sign}${cut}`, ...(whole ? [] : ['\\ No newline at end of file'])];
}
