import { BulkheadError } from '../core/errors';

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** What makes the guest's own session, or changes how programs there are loaded; none of it is a credential. */
const REFUSED = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'MAIL',
  'PWD',
  'OLDPWD',
  'TERM',
  'TMPDIR',
  'ENV',
  'BASH_ENV',
  'IFS',
  'NODE_OPTIONS',
  'PYTHONSTARTUP',
  'PERL5OPT',
  'RUBYOPT',
  'SSH_AUTH_SOCK',
  'SSH_AGENT_PID',
  'GIT_ASKPASS',
  'SSH_ASKPASS',
]);
const REFUSED_BEGINNINGS = ['LD_', 'DYLD_', 'BULKHEAD_', 'GIT_CONFIG', 'VSCODE_', 'ELECTRON_'];

/** The name of a variable of this host that may be lent. @throws BulkheadError of kind `usage` */
export function lendableName(name: string): string {
  const upper = name.toUpperCase();
  if (!NAME.test(name)) {
    throw new BulkheadError(`Not a name for an environment variable: ${JSON.stringify(name.slice(0, 100))}`, {
      kind: 'usage',
      next: 'Give letters, digits and underscores.',
    });
  }
  if (REFUSED.has(upper) || REFUSED_BEGINNINGS.some((beginning) => upper.startsWith(beginning))) {
    throw new BulkheadError(`${name} can’t be lent: it belongs to the session itself.`, {
      kind: 'usage',
      next: 'Set it with `remoteEnv`, or rename the variable.',
    });
  }
  return name;
}
