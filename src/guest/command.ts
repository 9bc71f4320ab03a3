import { constants } from 'node:os';
import { BulkheadError } from '../core/errors';
import type { GuestCommand } from './guest';

/** Linux's MAX_ARG_STRLEN is 131,072: the whole command is one argument of the login shell. */
const COMMAND_MAX = 120_000;
/** sshd ignores env requests beyond 128 (session.c, `session_env_req`). */
const ENV_MAX_COUNT = 120;
const ENV_MAX_BYTES = 30_000;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The SSH exec string for a command (docs/architecture.md, "In the guest"). */
export function encodeCommand(command: GuestCommand): string {
  const text =
    'argv' in command
      ? `bulkhead-argv ${Buffer.from(command.argv.map(checkArgument).join('\0')).toString('hex')}`
      : checkArgument(command.script);
  if (text === '' || Buffer.byteLength(text) > COMMAND_MAX) {
    throw new BulkheadError(
      text === '' ? 'An empty command cannot run.' : 'The command line is too long for the VM.',
      { kind: 'usage', next: 'Put long input into a file or on standard input.' },
    );
  }
  return text;
}

function checkArgument(text: string): string {
  if (text.includes('\0')) {
    throw new BulkheadError('A command argument contains a NUL character.', { kind: 'usage' });
  }
  return text;
}

/** What sshd sets itself after the client's requests; the agent's session program takes them under another name. */
const LOGIN_VARIABLES = new Set(['USER', 'LOGNAME', 'HOME', 'PATH', 'SHELL', 'MAIL']);

/** Environment of a session as SSH env requests: our two, then the caller's, checked and bounded. */
export function sessionEnv(
  session: { user?: string | undefined; cwd?: string | undefined },
  ...layers: (Record<string, string> | undefined)[]
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of layers.flatMap((layer) => Object.entries(layer ?? {}))) {
    if (!ENV_NAME.test(name) || name.startsWith('BULKHEAD_')) {
      throw envError(`"${name}" is not a name for an environment variable.`);
    }
    env[LOGIN_VARIABLES.has(name) ? `BULKHEAD_ENV_${name}` : name] = value;
  }
  Object.assign(
    env,
    session.user !== undefined && { BULKHEAD_USER: checkUser(session.user) },
    session.cwd !== undefined && { BULKHEAD_CWD: session.cwd },
  );
  for (const [name, value] of Object.entries(env)) {
    if (value.includes('\0') || Buffer.byteLength(value) > ENV_MAX_BYTES) {
      throw envError(`The value of ${name} is too long or contains a NUL character.`);
    }
  }
  if (Object.keys(env).length > ENV_MAX_COUNT) {
    throw envError(`More than ${ENV_MAX_COUNT} environment variables.`);
  }
  return env;
}

/** Docker's `USER` forms: `name`, `uid`, `name:group`, `uid:gid`. */
export function checkUser(user: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/.test(user) || user.length > 128) {
    throw new BulkheadError(`Not an account name: ${JSON.stringify(user)}`, {
      kind: 'usage',
      next: 'Use a name, a uid, name:group or uid:gid.',
    });
  }
  return user;
}

function envError(message: string): BulkheadError {
  return new BulkheadError(message, {
    kind: 'usage',
    next: 'Change `remoteEnv` or the command’s environment.',
  });
}

/** Linux's numbers of the signals that RFC 4254, section 6.10 names; Windows' own table has only some. */
const SIGNAL_NUMBERS: Record<string, number> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  ABRT: 6,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
};

/** Exit status from what the guest said; an impossible code reads as 255. */
export function exitStatusOf(code: unknown, signal: unknown): { code: number; signal?: string } {
  if (typeof signal === 'string') {
    const name = signal.replace(/^SIG/, '');
    const known = SIGNAL_NUMBERS[name] ?? constants.signals[`SIG${name}` as NodeJS.Signals];
    return known === undefined ? { code: 255 } : { code: 128 + known, signal: name };
  }
  const valid = typeof code === 'number' && Number.isInteger(code) && code >= 0 && code <= 255;
  return { code: valid ? code : 255 };
}
