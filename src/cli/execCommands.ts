import { pipeline } from 'node:stream/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { BulkheadError, EXIT } from '../core/errors';
import { attach, ptyOf } from './guestProcess';
import { type CommonOptions, findRunning, type Run, type Session, withCommonOptions } from './session';

/** `--json` collects at most this many bytes of each stream; without it there is no limit. */
const MAX_COLLECTED_BYTES = 16 * 1024 * 1024;
/** `--json` waits for the command this long (ms): it prints nothing before the end. */
const COLLECT_DEADLINE_MS = 24 * 60 * 60 * 1000;

interface ExecOptions extends CommonOptions {
  user?: string;
  cwd?: string;
  env: Record<string, string>;
  tty?: true;
}

const FORWARD_AGENT = [
  '--forward-agent',
  'lend it your SSH agent for this command; each signature is asked about here',
] as const;
const ALLOW_EVERY_SIGNATURE = [
  '--allow-every-signature',
  'lend it your SSH agent for this command, and ask about nothing',
] as const;

/** `exec`, `ssh` and the hidden `proxy`: what joins this terminal to the guest. */
export function addExecCommands(program: Command, run: Run): void {
  withCommonOptions(program.command('exec'))
    .description('run a command in the machine; exit code, stdin, stdout and stderr pass through')
    .argument('<id>', 'the machine, or a unique beginning of its id')
    .argument('<command...>', 'after `--`: the program and its arguments, run without a shell')
    .option('-u, --user <user>', 'account in the guest: name, uid, name:group or uid:gid')
    .option('-w, --cwd <folder>', 'absolute path in the guest (default: the workspace)')
    .option('-e, --env <NAME=value>', 'set a variable; repeatable', addVariable, {})
    .option('-t, --tty', 'give the command a terminal')
    .option(...FORWARD_AGENT)
    .option(...ALLOW_EVERY_SIGNATURE)
    .action((id: string, command: string[], options: ExecOptions) =>
      run(options, (session) => exec(session, id, command, options)),
    );

  withCommonOptions(program.command('ssh'))
    .description('open a shell in the machine (--json: print how to connect instead)')
    .argument('<id>', 'the machine, or a unique beginning of its id')
    .option('-u, --user <user>', 'account in the guest')
    .option(...FORWARD_AGENT)
    .option(...ALLOW_EVERY_SIGNATURE)
    .action((id: string, options: CommonOptions & { user?: string }) =>
      run(options, (session) => shell(session, id, options)),
    );

  withCommonOptions(program.command('proxy', { hidden: true }))
    .description('join stdin and stdout to the machine’s SSH port (OpenSSH’s ProxyCommand)')
    .argument('<id>')
    .action((id: string, options: CommonOptions) => run(options, (session) => proxy(session, id)));
}

async function exec(session: Session, id: string, command: string[], options: ExecOptions): Promise<number> {
  const [program, ...rest] = command;
  if (program === undefined || program === '') {
    throw new BulkheadError('exec: the command is empty', { kind: 'usage' });
  }
  if (options.cwd !== undefined && !options.cwd.startsWith('/')) {
    throw new BulkheadError(`exec: --cwd must be an absolute path in the guest, not ${options.cwd}`, {
      kind: 'usage',
    });
  }
  if (options.tty && session.output.json) {
    throw new BulkheadError('exec: --tty and --json exclude each other', { kind: 'usage' });
  }
  const machine = await findRunning(session, id);
  await forwardAgent(session, machine.id, options);
  const guest = await session.app.guest(machine.id, { signal: session.signal });
  const argv: [string, ...string[]] = [program, ...rest];
  const where = {
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: options.env,
    lendCredentials: true,
    signal: session.signal,
  };
  if (session.output.json) {
    const result = await guest.run(
      { argv },
      { ...where, maxBytes: MAX_COLLECTED_BYTES, deadlineMs: COLLECT_DEADLINE_MS },
    );
    const { code, signal, truncated } = result;
    const streams = { stdout: encode(result.stdout), stderr: encode(result.stderr) };
    session.output.result(
      { id: machine.id, code, ...(signal === undefined ? {} : { signal }), ...streams, truncated },
      [],
    );
    return code;
  }
  const process = await guest.spawn(
    { argv },
    options.tty ? { ...where, pty: ptyOf(session.terminal) } : where,
  );
  return attach(session, process, options.tty === true);
}

async function shell(
  session: Session,
  id: string,
  { user, ...options }: CommonOptions & { user?: string },
): Promise<number> {
  const machine = await findRunning(session, id);
  if (session.output.json) {
    session.output.result(
      { id: machine.id, ...(await session.app.sshConfig(machine.id, { signal: session.signal })) },
      [],
    );
    return EXIT.done;
  }
  if (!session.terminal.stdin.isTTY) {
    throw new BulkheadError('ssh: stdin is not a terminal', {
      kind: 'usage',
      next: `bulkhead exec ${machine.id} -- <command>`,
    });
  }
  await forwardAgent(session, machine.id, options);
  const guest = await session.app.guest(machine.id, { signal: session.signal });
  const process = await guest.shell({
    ...(user === undefined ? {} : { user }),
    pty: ptyOf(session.terminal),
    lendCredentials: true,
    signal: session.signal,
  });
  return attach(session, process, true);
}

/** The flag is the grant: for this process, and so for this command. */
async function forwardAgent(session: Session, id: string, options: CommonOptions): Promise<void> {
  if (options.forwardAgent || options.allowEverySignature) {
    await session.app.setCredentials(id, { agent: true, onlyHere: true });
  }
}

async function proxy(session: Session, id: string): Promise<number> {
  const machine = await findRunning(session, id);
  const stream = await session.app.connect(machine.id, { signal: session.signal });
  const { stdin, stdout } = session.terminal;
  // OpenSSH hangs up by closing our stdin or by a signal; the guest by ending the stream. Each ends the other way too.
  const sent = pipeline(stdin, stream, { signal: session.signal });
  sent.catch(() => stream.destroy());
  try {
    await pipeline(stream, stdout, { end: false, signal: session.signal });
  } finally {
    stdin.pause();
    stream.destroy();
  }
  return EXIT.done;
}

function addVariable(text: string, previous: Record<string, string>): Record<string, string> {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)=([^\0]*)$/s.exec(text);
  if (match?.[1] === undefined) {
    throw new InvalidArgumentError('It must read NAME=value.');
  }
  return { ...previous, [match[1]]: match[2] ?? '' };
}

/** Text as it is if it is UTF-8, else base64: a JSON string can't hold other bytes. */
function encode(bytes: Buffer): string | { base64: string } {
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : { base64: bytes.toString('base64') };
}
