import { type Command, InvalidArgumentError } from 'commander';
import type { MachineCredentials } from '../app';
import { EXIT } from '../core/errors';
import { forTerminal } from '../core/plainText';
import type { CredentialChange } from '../credentials/lent';
import { type CommonOptions, type Run, type Session, withCommonOptions } from './session';

interface CredentialsOptions extends CommonOptions {
  agent?: boolean;
  git?: string[];
  env?: string[];
  revoke?: true;
}

/** `credentials`: what of this host's credentials a machine may use. */
export function addCredentialsCommand(program: Command, run: Run): void {
  withCommonOptions(program.command('credentials'))
    .description('show, lend or take back what of your credentials the machine may use')
    .argument('<id>', 'the machine, or a unique beginning of its id')
    .option(
      '--agent <on|off>',
      'your SSH agent, in windows of the editor: each signature is asked about',
      onOff,
    )
    .option('--git <host>', 'also lend your git’s https credentials for this host; repeatable', add)
    .option('--env <NAME>', 'also lend this variable of your environment to new programs; repeatable', add)
    .option('--revoke', 'first take back all that is lent')
    .action((id: string, options: CredentialsOptions) =>
      run(options, (session) => credentials(session, id, options)),
    );
}

async function credentials(session: Session, id: string, options: CredentialsOptions): Promise<number> {
  const { app, output, signal } = session;
  const machine = await app.find(id, { signal });
  const { revoke, agent, git, env } = options;
  let now = await app.credentials(machine.id);
  if (revoke || agent !== undefined || git || env) {
    const change: CredentialChange = {
      ...(revoke && { agent: false, git: [], env: [] }),
      ...(agent !== undefined && { agent }),
      lend: { ...(git && { git }), ...(env && { env }) },
    };
    now = await app.setCredentials(machine.id, change);
  }
  // What this process saw used is nothing: the machine's log has the uses.
  const { uses: _uses, ...shown } = now;
  output.result({ id: machine.id, ...shown }, linesOf(now));
  return EXIT.done;
}

function linesOf({ agent, git, env, missing, origin }: MachineCredentials): string[] {
  if (!agent && git.length === 0 && env.length === 0) {
    return ['Nothing is lent to this machine.'];
  }
  const names = env.map((name) => (missing.includes(name) ? `${name} (not set here)` : name));
  return [
    `SSH agent  ${agent ? 'lent in windows of the editor; each signature is asked about' : 'not lent'}`,
    `git        ${git.length > 0 ? git.join(', ') : 'no host'}`,
    `variables  ${names.length > 0 ? names.join(', ') : 'none'}`,
    origin === 'folder' ? 'As you granted it to its folder.' : 'Chosen for this machine on this computer.',
  ].map((line) => forTerminal(line));
}

function onOff(text: string): boolean {
  if (text !== 'on' && text !== 'off') {
    throw new InvalidArgumentError('It is on or off.');
  }
  return text === 'on';
}

function add(text: string, previous: string[] = []): string[] {
  return [...previous, text];
}
