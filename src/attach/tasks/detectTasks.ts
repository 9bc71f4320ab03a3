import { forLabel } from '../../core/plainText';

/** A task that a file of the workspace offers. All of it is the guest's text, bounded. */
export interface DetectedTask {
  /** Unique among those of one folder: `npm: build`, `make: all`, with ` - <folder>` for a subfolder. */
  name: string;
  command: string;
  args: string[];
  /** Relative to the workspace folder; undefined for the folder itself. */
  cwd?: string;
  group?: 'build' | 'test';
  problems: string[];
}

const TASKS_MAX = 100;
const NAME_MAX = 200;
/** A rule's targets that are longer (characters) are no list that anybody picks from. */
const RULE_MAX = 500;
/** What is said about a script or a target, and what is not a name for the command line of a tool. */
const HAS_CONTROL = /[\p{Cc}\p{Bidi_Control}]/u;
const NPM_PROBLEMS = ['$tsc', '$eslint-stylish'];
const MAKE_PROBLEMS = ['$gcc'];

export type PackageTool = 'npm' | 'pnpm' | 'yarn' | 'bun';

/** Which tool a folder's lock file belongs to. */
export const LOCK_FILES: Readonly<Record<string, PackageTool>> = {
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
};

/** The scripts of a package.json; none if it is not one. */
export function packageScripts(text: string, tool: PackageTool, folder?: string): DetectedTask[] {
  const scripts = asObject(asObject(parse(text))?.['scripts']) ?? {};
  return Object.entries(scripts)
    .filter(([name, line]) => typeof line === 'string' && isName(name))
    .slice(0, TASKS_MAX)
    .map(([name]) => ({
      name: nameOf(tool, name, folder),
      command: tool,
      args: ['run', name],
      ...(folder !== undefined && { cwd: folder }),
      ...groupOf(name),
      problems: /watch/i.test(name) ? ['$tsc-watch', '$eslint-stylish'] : NPM_PROBLEMS,
    }));
}

/**
 * The explicit targets of a makefile: names before a colon at the beginning of a line. No patterns, no variables,
 * nothing that begins with a dot; the file is only read, `make` is not asked.
 */
export function makeTargets(text: string, folder?: string): DetectedTask[] {
  const targets = new Set<string>();
  let continued = false;
  for (const line of text.split('\n')) {
    const wasContinued = continued;
    continued = line.endsWith('\\');
    for (const target of wasContinued ? [] : targetsOf(line)) {
      if (/^[A-Za-z0-9_][A-Za-z0-9_./-]*$/.test(target) && isName(target) && targets.size < TASKS_MAX) {
        targets.add(target);
      }
    }
  }
  return [...targets].map((target) => ({
    name: nameOf('make', target, folder),
    command: 'make',
    args: [target],
    ...(folder !== undefined && { cwd: folder }),
    ...groupOf(target),
    problems: MAKE_PROBLEMS,
  }));
}

/** What stands before the colon of a rule. */
function targetsOf(line: string): string[] {
  const colon = line.slice(0, RULE_MAX).indexOf(':');
  const names = line.slice(0, Math.max(0, colon)).trimEnd();
  const next = line[colon + 1] === ':' ? line[colon + 2] : line[colon + 1];
  const isRule = next !== ':' && next !== '=';
  return isRule && /^[A-Za-z0-9_][^\t=#$%()\\]*$/.test(names) ? names.split(/\s+/) : [];
}

function nameOf(tool: string, name: string, folder: string | undefined): string {
  // For the pick, which draws icons; the command gets the name as it is.
  const shown = `${tool}: ${forLabel(name, NAME_MAX)}`;
  return folder === undefined ? shown : `${shown} - ${forLabel(folder, NAME_MAX)}`;
}

function groupOf(name: string): { group?: 'build' | 'test' } {
  const [first = ''] = name.toLowerCase().split(/[:._/-]/);
  if (['build', 'compile', 'all', 'watch', 'bundle'].includes(first)) {
    return { group: 'build' };
  }
  return ['test', 'tests', 'check'].includes(first) ? { group: 'test' } : {};
}

function isName(name: string): boolean {
  // A name that begins with a dash would be an option of the tool.
  return name !== '' && name.length <= NAME_MAX && !name.startsWith('-') && !HAS_CONTROL.test(name);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
