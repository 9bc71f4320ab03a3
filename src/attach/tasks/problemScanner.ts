import { posix } from 'node:path';
import { printable } from '../../core/log';
import { withoutEnd } from '../../core/withoutEnd';
import type { ProblemMatcher, ProblemPattern, Severity } from './problemMatchers';

/** A problem that a program in the guest reported: checked and bounded, but its word. */
export interface Problem {
  /** Absolute guest path, without `.` and `..`. */
  path: string;
  /** 0-based, UTF-16 units. */
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
  severity: Severity;
  message: string;
  source: string;
  code?: string;
}

/** A longer line holds no problem; what a program prints must not take memory or time without end. */
const LINE_MAX = 4096;
const MESSAGE_MAX = 1000;
const PATH_MAX = 4096;
export const PROBLEMS_MAX = 1_000;
const NUMBER_MAX = 1_000_000_000;
const DIRECTORIES_MAX = 50;

/** make's own words about where relative paths start. */
const ENTERING = /^g?make(?:\[\d{1,9}\])?: Entering directory [`'"](\/[^'"]{0,4095})['"]$/;
const LEAVING = /^g?make(?:\[\d{1,9}\])?: Leaving directory /;

type Fields = Partial<Record<Exclude<keyof ProblemPattern, 'regexp' | 'loop' | 'codeAtEnd'>, string>>;

/** Reads a task's output for problems, line by line. */
export class ProblemScanner {
  private rest = '';
  private readonly progress: { matcher: ProblemMatcher; at: number; fields: Fields }[];
  private directories: string[];
  private problems: Problem[] = [];

  /** `cwd`: absolute guest path, where relative paths start. */
  constructor(matchers: readonly ProblemMatcher[], cwd: string) {
    this.progress = matchers.map((matcher) => ({ matcher, at: 0, fields: {} }));
    this.directories = [cwd];
  }

  /** All since the program began, or began anew; at most `PROBLEMS_MAX`. */
  get found(): readonly Problem[] {
    return this.problems;
  }

  /** True if `found` has changed. */
  push(output: string): boolean {
    const before = this.problems;
    const count = before.length;
    const lines = (this.rest + output).split('\n');
    this.rest = (lines.pop() ?? '').slice(0, LINE_MAX + 1);
    for (const line of lines) {
      this.read(withoutEnd(line, '\r'));
    }
    return this.problems !== before || this.problems.length !== count;
  }

  /** The last line may lack its newline. */
  end(): boolean {
    return this.push('\n');
  }

  private read(raw: string): void {
    if (raw.length > LINE_MAX) {
      return;
    }
    const line = printable(raw, LINE_MAX);
    const entered = ENTERING.exec(line)?.[1];
    if (entered !== undefined && this.directories.length < DIRECTORIES_MAX) {
      this.directories.push(entered);
    } else if (LEAVING.test(line) && this.directories.length > 1) {
      this.directories.pop();
    }
    for (const progress of this.progress) {
      if (progress.matcher.begins?.test(line)) {
        this.problems = [];
      }
      this.match(progress, line);
    }
  }

  private match(progress: ProblemScanner['progress'][number], line: string): void {
    const { patterns } = progress.matcher;
    const pattern = patterns[progress.at];
    const found = pattern?.regexp.exec(line);
    if (!pattern || !found) {
      if (progress.at > 0) {
        // This line may be the first of the next problem.
        progress.at = 0;
        progress.fields = {};
        this.match(progress, line);
      }
      return;
    }
    const fields = { ...progress.fields, ...fieldsOf(pattern, found) };
    if (pattern.codeAtEnd) {
      splitCode(fields);
    }
    const last = progress.at === patterns.length - 1;
    if (last) {
      this.add(progress.matcher, fields);
    }
    if (!last) {
      progress.at++;
      progress.fields = fields;
    } else if (!pattern.loop) {
      progress.at = 0;
      progress.fields = {};
    }
  }

  private add(matcher: ProblemMatcher, fields: Fields): void {
    const path = this.resolve(fields.file);
    const message = printable(fields.message ?? '', MESSAGE_MAX).trim();
    const place = placeOf(fields);
    if (path === undefined || message === '' || !place || this.problems.length >= PROBLEMS_MAX) {
      return;
    }
    this.problems.push({
      path,
      ...place,
      severity: severityOf(fields.severity) ?? matcher.severity,
      message,
      source: matcher.source,
      ...(fields.code !== undefined && { code: fields.code }),
    });
  }

  private resolve(file: string | undefined): string | undefined {
    if (file === undefined || file === '' || file.includes('\0')) {
      return undefined;
    }
    const path = posix.resolve('/', this.directories.at(-1) ?? '/', file);
    return Buffer.byteLength(path) <= PATH_MAX && path !== '/' ? path : undefined;
  }
}

function fieldsOf(pattern: ProblemPattern, found: RegExpExecArray): Fields {
  const fields: Fields = {};
  for (const [name, group] of Object.entries(pattern) as [keyof ProblemPattern, unknown][]) {
    const text = typeof group === 'number' ? found[group] : undefined;
    if (name !== 'regexp' && name !== 'loop' && name !== 'codeAtEnd' && text !== undefined) {
      fields[name] = text;
    }
  }
  return fields;
}

/** A message and, two blanks behind it, a rule's name. An expression would look for the blanks from each of a run of them. */
function splitCode(fields: Fields): void {
  const { message = '' } = fields;
  const at = message.lastIndexOf(' ');
  const code = message.slice(at + 1);
  if (at > 1 && message[at - 1] === ' ' && /^[\w@/-]{1,100}$/.test(code)) {
    fields.message = withoutEnd(message.slice(0, at), ' ');
    fields.code = code;
  }
}

function placeOf(fields: Fields): Pick<Problem, 'line' | 'column' | 'endLine' | 'endColumn'> | undefined {
  const [line, column, endLine, endColumn] = fields.location?.split(/[,:]/) ?? [
    fields.line,
    fields.column,
    fields.endLine,
    fields.endColumn,
  ];
  const from = zeroBased(line);
  if (from === undefined) {
    return undefined;
  }
  const start = zeroBased(column);
  const to = Math.max(from, zeroBased(endLine) ?? from);
  return {
    line: from,
    column: start ?? 0,
    endLine: to,
    // Without a column the whole line is meant; with one, what is there is a word that the editor finds.
    endColumn: zeroBased(endColumn) ?? (start === undefined ? NUMBER_MAX : start),
  };
}

function zeroBased(text: string | undefined): number | undefined {
  const number = text === undefined ? Number.NaN : Number(text);
  return Number.isSafeInteger(number) && number < NUMBER_MAX ? Math.max(0, number - 1) : undefined;
}

function severityOf(text: string | undefined): Severity | undefined {
  switch (text?.toLowerCase()) {
    case 'error':
      return 'error';
    case 'warning':
      return 'warning';
    case 'note':
    case 'info':
      return 'info';
    default:
      return undefined;
  }
}
