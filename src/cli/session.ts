import type { Command } from 'commander';
import type { App } from '../app';
import { BulkheadError } from '../core/errors';
import type { MachineInfo } from '../machine/hypervisor';
import type { Interruption } from './interruption';
import type { Output } from './output';
import type { StatusLine } from './statusLine';
import type { Terminal } from './terminal';
import type { TerminalTurn } from './terminalTurn';

/** What one run of one command works with. */
export interface Session {
  app: App;
  output: Output;
  status: StatusLine;
  terminal: Terminal;
  interruption: Interruption;
  turn: TerminalTurn;
  signal: AbortSignal;
}

/** The options that every command has. */
export interface CommonOptions {
  json?: true;
  quiet?: true;
  verbose?: true;
  /** `exec` and `ssh`: the user's SSH agent for this command, each signature asked about in this terminal. */
  forwardAgent?: true;
  /** …or not asked about. */
  allowEverySignature?: true;
}

/** Runs a command's work in a session and keeps its exit code. */
export type Run = (options: CommonOptions, work: (session: Session) => Promise<number>) => Promise<void>;

export function withCommonOptions(command: Command): Command {
  return command
    .option('--json', 'print the result as JSON on stdout')
    .option('-q, --quiet', 'no progress on stderr')
    .option('-v, --verbose', 'the whole log on stderr');
}

/** The machine, if it runs; else an error that says how to get it running. */
export async function findRunning(session: Session, idOrPrefix: string): Promise<MachineInfo> {
  const machine = await session.app.find(idOrPrefix, { signal: session.signal });
  if (machine.state !== 'running') {
    const wake = machine.state === 'suspended' ? 'resume' : 'start';
    throw new BulkheadError(`Machine ${machine.id} does not run: it is ${machine.state}`, {
      next: `bulkhead ${wake} ${machine.id}`,
    });
  }
  return machine;
}
