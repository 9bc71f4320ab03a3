import { pipeline } from 'node:stream/promises';
import { BulkheadError, codeOf, messageOf } from '../core/errors';
import type { ExitStatus, GuestProcess, PtySize } from '../guest/guest';
import type { Session } from './session';
import { flushed, type Terminal, type TerminalOutput } from './terminal';
import { OutputGate, type TerminalHolder } from './terminalTurn';

/** What a shell reports for a process that wrote to a closed pipe: 128 + SIGPIPE. */
const BROKEN_PIPE = 141;
/** How long a process has to end by the signal itself. */
const SIGNAL_GRACE_MS = 1_000;

export function ptyOf(terminal: Terminal): PtySize & { term: string } {
  return { ...sizeOf(terminal.stdout), term: terminal.env.TERM ?? 'xterm-256color' };
}

/**
 * Joins the terminal's stdio to a guest process until it ends: bytes as they are, with backpressure both ways. SIGINT
 * and SIGTERM go to the process. Resolves with the process's exit code, or 141 if our stdout's reader went away.
 */
export async function attach(session: Session, process: GuestProcess, tty: boolean): Promise<number> {
  const { terminal } = session;
  let interrupted: number | undefined;
  const signals = session.interruption.handOver((name) => {
    interrupted = name === 'SIGINT' ? 130 : 143;
    process.signal(name === 'SIGINT' ? 'INT' : 'TERM');
    // An SSH server may not pass signals on. Letting go hangs the process up.
    setTimeout(() => process.dispose(), SIGNAL_GRACE_MS).unref();
  });
  const restore = tty ? enterRawMode(terminal, process) : () => undefined;
  sendInput(terminal, process);
  const gates = { stdout: new OutputGate(), stderr: new OutputGate() };
  const turn = session.turn.hold(holdTerminal(terminal, process, gates, tty));
  try {
    const status = await receiveOutput(terminal, process, gates);
    await Promise.all([flushed(terminal.stdout), flushed(terminal.stderr)]);
    return status.code;
  } catch (error) {
    if (codeOf(error) === 'EPIPE') {
      return BROKEN_PIPE;
    }
    if (interrupted !== undefined) {
      return interrupted;
    }
    throw error;
  } finally {
    turn.dispose();
    restore();
    signals.dispose();
    terminal.stdin.unpipe();
    terminal.stdin.pause();
    process.dispose();
  }
}

function sendInput(terminal: Terminal, process: GuestProcess): void {
  // A process may end, or close its stdin, before it has read all of ours: that is its business, not an error.
  process.stdin.on('error', () => terminal.stdin.unpipe(process.stdin));
  terminal.stdin.on('error', () => process.stdin.end());
  terminal.stdin.pipe(process.stdin);
}

/** What a question does to the program that has the terminal. */
function holdTerminal(terminal: Terminal, process: GuestProcess, gates: Gates, tty: boolean): TerminalHolder {
  return {
    pause: () => {
      gates.stdout.shut();
      gates.stderr.shut();
      // What has been typed so far was meant for the program.
      terminal.stdin.unpipe(process.stdin);
      for (let typed = terminal.stdin.read(); typed !== null; typed = terminal.stdin.read()) {
        process.stdin.write(typed as Buffer);
      }
    },
    resume: () => {
      if (tty && terminal.stdin.isTTY) {
        terminal.stdin.setRawMode?.(true);
      }
      terminal.stdin.pipe(process.stdin);
      gates.stdout.open();
      gates.stderr.open();
    },
  };
}

interface Gates {
  stdout: OutputGate;
  stderr: OutputGate;
}

async function receiveOutput(terminal: Terminal, process: GuestProcess, gates: Gates): Promise<ExitStatus> {
  const copied = Promise.all([
    pipeline(process.stdout, gates.stdout, terminal.stdout, { end: false }),
    pipeline(process.stderr, gates.stderr, terminal.stderr, { end: false }),
  ]);
  // Whether the connection or our own stdout broke: `exited` and `broken` say it better than the pipeline does.
  copied.catch(() => undefined);
  const broken = new Promise<never>((_, reject) => {
    for (const stream of [terminal.stdout, terminal.stderr]) {
      stream.once('error', (error) =>
        reject(
          codeOf(error) === 'EPIPE'
            ? error
            : new BulkheadError(`Could not write the output: ${messageOf(error)}`, { cause: error }),
        ),
      );
    }
  });
  const status = await Promise.race([process.exited, broken]);
  await Promise.race([copied, broken]);
  return status;
}

function enterRawMode(terminal: Terminal, process: GuestProcess): () => void {
  const onResize = () => process.resize(sizeOf(terminal.stdout));
  terminal.stdout.on('resize', onResize);
  const raw = terminal.stdin.isTTY === true;
  if (raw) {
    terminal.stdin.setRawMode?.(true);
  }
  return () => {
    terminal.stdout.off('resize', onResize);
    if (raw) {
      terminal.stdin.setRawMode?.(false);
    }
  };
}

function sizeOf(stdout: TerminalOutput): PtySize {
  // A terminal that does not know its size says 0.
  return { columns: stdout.columns || 80, rows: stdout.rows || 24 };
}
