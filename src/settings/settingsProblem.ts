import { BulkheadError } from '../core/errors';
import { printable } from '../core/log';

/** Where a problem stands in a text: UTF-16 units, all 0-based, as an editor's diagnostics want them. */
export interface SettingsRange {
  offset: number;
  length: number;
  line: number;
  column: number;
}

/** One thing that is wrong with the settings. All text in it is printable. */
export interface SettingsProblem {
  /** Absolute host path, or the name of a source that is no file ("command line", "user settings"). */
  source: string;
  /** Undefined for a source that is no file. */
  range?: SettingsRange;
  /** Dotted path of the key (`build.dockerfile`, `forwardPorts.0`); empty for the file as a whole. */
  key: string;
  /** What is wrong, as a clause without a full stop. */
  message: string;
  /** What to write instead, as a sentence. */
  fix: string;
  /** An error if left out. A hint is something that works and will surprise. */
  severity?: 'error' | 'hint';
  /** Changes of the text that would settle it, the likeliest first. */
  remedies?: Remedy[];
}

/** One way to settle a problem, for an editor's quick fix. Paths are those of the whole text. */
export type Remedy =
  | { kind: 'rename'; path: SettingsPath; to: string }
  | { kind: 'replace'; path: SettingsPath; value: string | number | boolean }
  | { kind: 'remove'; path: SettingsPath };

export type SettingsPath = readonly (string | number)[];

/** Something that settings were read from and that can say where in it a key stands. */
export interface SettingsSource {
  /** For messages: a path, "command line" or "user settings". */
  readonly label: string;
  /** Where the path's value (or key) stands, or the nearest parent that is there. */
  placeOf(path: SettingsPath, at?: 'key' | 'value'): { source: string; range?: SettingsRange };
  problemAt(path: SettingsPath, message: string, fix: string, at?: 'key' | 'value'): SettingsProblem;
}

/** A source without a text: the command line or the user's own settings. */
export function plainSource(label: string): SettingsSource {
  return {
    label,
    placeOf: () => ({ source: label }),
    problemAt: (path, message, fix) => ({ source: label, key: keyOf(path), message, fix }),
  };
}

export function keyOf(path: SettingsPath): string {
  return printable(path.join('.').replace(/\s+/g, ' '), 200);
}

/** `path:line:col: key: message. fix`, line and column 1-based as editors and compilers print them. */
export function formatProblem(problem: SettingsProblem): string {
  const place = problem.range
    ? `${problem.source}:${problem.range.line + 1}:${problem.range.column + 1}`
    : problem.source;
  const key = problem.key === '' ? '' : `${problem.key}: `;
  return `${place}: ${key}${problem.message}. ${problem.fix}`;
}

/** By source, and within one by where they stand. */
export function inReadingOrder(problems: readonly SettingsProblem[]): SettingsProblem[] {
  const sources = [...new Set(problems.map(({ source }) => source))];
  return problems.toSorted(
    (a, b) =>
      sources.indexOf(a.source) - sources.indexOf(b.source) ||
      (a.range?.offset ?? 0) - (b.range?.offset ?? 0),
  );
}

/** More than this many problems are counted, not kept. */
const KEPT_PROBLEMS = 100;

/** The settings can't be used as they are. `problems` is never empty and holds at most 100. */
export class SettingsError extends BulkheadError {
  readonly problems: readonly SettingsProblem[];

  constructor(problems: readonly SettingsProblem[]) {
    const kept = inReadingOrder(problems).slice(0, KEPT_PROBLEMS);
    const [first] = kept;
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    const lines = kept.map(formatProblem);
    if (problems.length > kept.length) {
      lines.push(`… and ${problems.length - kept.length} more.`);
    }
    super(`Failed to read the settings: ${first ? formatProblem(first) : 'unknown problem.'}${more}`, {
      kind: 'usage',
      next: 'Correct the settings and try again.',
      details: lines.join('\n'),
    });
    this.name = 'SettingsError';
    this.problems = kept;
  }
}
