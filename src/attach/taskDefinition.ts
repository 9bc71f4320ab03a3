import { posix } from 'node:path';
import { BulkheadError } from '../core/errors';
import type { GuestCommand } from '../guest/guest';

/** As in package.json, `contributes.taskDefinitions`. */
export const TASK_TYPE = 'bulkhead';

export interface GuestTask {
  command: GuestCommand;
  /** Absolute guest path. */
  cwd: string;
  env: Record<string, string>;
  /** Names of problem matchers (`$gcc`, …) that read its output. */
  problems: string[];
}

/**
 * Reads a `{"type": "bulkhead", …}` entry of tasks.json. With `args` the command is run as it is; without, it is a
 * line for the shell. `cwd` is relative to `folder` (absolute guest path). Throws a `usage` error that names the key.
 */
export function readTaskDefinition(definition: Readonly<Record<string, unknown>>, folder: string): GuestTask {
  const { command, args, cwd, env } = definition;
  const problems =
    typeof definition['problems'] === 'string' ? [definition['problems']] : (definition['problems'] ?? []);
  if (typeof command !== 'string' || command === '') {
    throw wrong('command', 'a text that is not empty');
  }
  if (args !== undefined && !isTextList(args)) {
    throw wrong('args', 'a list of texts');
  }
  if (cwd !== undefined && typeof cwd !== 'string') {
    throw wrong('cwd', 'a path in the VM');
  }
  if (env !== undefined && !isTexts(env)) {
    throw wrong('env', 'an object of texts');
  }
  if (!isTextList(problems)) {
    throw wrong('problems', 'a problem matcher’s name, or a list of them');
  }
  const texts = [command, cwd ?? '', ...(args ?? []), ...Object.entries(env ?? {}).flat()];
  if (texts.some((text) => text.includes('\0'))) {
    throw wrong('command', 'free of NUL characters');
  }
  return {
    command: args === undefined ? { script: command } : { argv: [command, ...args] },
    cwd: posix.resolve('/', folder, cwd ?? '.'),
    env: { ...env },
    problems,
  };
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

function isTexts(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((entry) => typeof entry === 'string')
  );
}

function wrong(key: string, what: string): BulkheadError {
  return new BulkheadError(`Task of type "${TASK_TYPE}": "${key}" must be ${what}`, {
    kind: 'usage',
    next: 'Correct it in tasks.json.',
  });
}
