/** Severity of a problem. */
export type Severity = 'error' | 'warning' | 'info';

/** Which group of the expression is what. As in VS Code's problem patterns. */
export interface ProblemPattern {
  regexp: RegExp;
  file?: number;
  line?: number;
  column?: number;
  endLine?: number;
  endColumn?: number;
  /** `line`, `line,column` or `line,column,endLine,endColumn`. */
  location?: number;
  severity?: number;
  code?: number;
  message?: number;
  /** The code is the message's last word, two blanks or more behind the rest. */
  codeAtEnd?: true;
  /** The last pattern of several: each further line that fits is one more problem of the same file. */
  loop?: boolean;
}

export interface ProblemMatcher {
  /** Shown beside the problem. */
  source: string;
  patterns: [ProblemPattern, ...ProblemPattern[]];
  severity: Severity;
  /** A line that says a watching tool begins anew: what it found before is gone. */
  begins?: RegExp;
}

const GCC: ProblemPattern = {
  regexp: /^([^\s:][^:]{0,1023}):(\d{1,9}):(?:(\d{1,9}):)? (?:fatal )?(error|warning|note|info): (.*)$/,
  file: 1,
  line: 2,
  column: 3,
  severity: 4,
  message: 5,
};

const TSC: ProblemPattern = {
  regexp:
    /^([^\s(][^(]{0,1022}?)(?:\(|:)(\d{1,9}(?:[,:]\d{1,9}){0,3})\)?(?::| -) (error|warning|info) {1,2}(TS\d{1,9}): (.*)$/,
  file: 1,
  location: 2,
  severity: 3,
  code: 4,
  message: 5,
};

const TSC_BEGINS =
  /Starting compilation in watch mode\.\.\.|File change detected\. Starting incremental compilation/;

/** The matchers that tasks may name, by the names that VS Code and the usual extensions give them. */
export const PROBLEM_MATCHERS: Readonly<Record<string, ProblemMatcher>> = {
  $gcc: { source: 'gcc', severity: 'error', patterns: [GCC] },
  $tsc: { source: 'ts', severity: 'error', patterns: [TSC] },
  '$tsc-watch': { source: 'ts', severity: 'error', patterns: [TSC], begins: TSC_BEGINS },
  '$eslint-stylish': {
    source: 'eslint',
    severity: 'warning',
    patterns: [
      { regexp: /^((?:[A-Za-z]:)?[./]?[^\s:][^:]{0,1022})$/, file: 1 },
      {
        regexp: /^\s{1,8}(\d{1,9}):(\d{1,9})\s{1,8}(error|warning|info)\s{1,8}(\S.*)$/,
        line: 1,
        column: 2,
        severity: 3,
        message: 4,
        codeAtEnd: true,
        loop: true,
      },
    ],
  },
  '$eslint-compact': {
    source: 'eslint',
    severity: 'warning',
    patterns: [
      {
        regexp:
          /^([^\s:][^:]{0,1022}): line (\d{1,9}), col (\d{1,9}), (Error|Warning|Info) - (.*?)(?: \(([\w@/-]{1,100})\))?$/,
        file: 1,
        line: 2,
        column: 3,
        severity: 4,
        message: 5,
        code: 6,
      },
    ],
  },
  $go: {
    source: 'go',
    severity: 'error',
    patterns: [
      {
        regexp: /^(?:vet: )?((?:\.{0,2}\/)?[^\s:][^:]{0,1022}\.go):(\d{1,9})(?::(\d{1,9}))?: (.*)$/,
        file: 1,
        line: 2,
        column: 3,
        message: 4,
      },
    ],
  },
  $rustc: {
    source: 'rustc',
    severity: 'error',
    patterns: [
      {
        regexp: /^(error|warning|note)(?:\[([A-Z]\d{1,9})\])?: (.*)$/,
        severity: 1,
        code: 2,
        message: 3,
      },
      { regexp: /^ {1,9}--> ([^\s:][^:]{0,1022}):(\d{1,9}):(\d{1,9})$/, file: 1, line: 2, column: 3 },
    ],
  },
};
