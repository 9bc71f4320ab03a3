import { Command, CommanderError } from 'commander';
import type { App, AppOptions } from '../app';
import { CancelledError, codeOf, EXIT } from '../core/errors';
import { addConfigCommand } from './configCommand';
import { addConsentCommand } from './consentCommand';
import { addCopyCommand } from './copyCommand';
import { addCredentialsCommand } from './credentialsCommand';
import { addExecCommands } from './execCommands';
import { reportFailure } from './failure';
import { addHostCommands } from './hostCommands';
import { Interruption } from './interruption';
import { addLogsCommand } from './logsCommand';
import { addMachineCommands } from './machineCommands';
import { addNetCommand } from './netCommand';
import { Output } from './output';
import { addPortsCommand } from './portsCommand';
import { addPullCommand } from './pullCommand';
import type { CommonOptions, Session } from './session';
import { signatureAnswers } from './signatureQuestion';
import { addStatsCommand } from './statsCommand';
import { StatusLine } from './statusLine';
import { flushed, type Terminal } from './terminal';
import { TerminalTurn } from './terminalTurn';
import { addUpCommand } from './upCommand';

export interface CliOptions {
  createApp(options: AppOptions): App;
  terminal: Terminal;
  version: string;
  /** This program's own argv, for ssh_config's ProxyCommand. */
  proxyCommand: string[];
}

/**
 * Runs one command (`args` without node and script). Resolves with the exit code and never rejects:
 * 0 done, 1 failed, 2 bad usage or settings, 3 the host can't, 130 cancelled, and for `exec` and `ssh` the guest
 * process's own.
 */
export async function runCli(args: string[], options: CliOptions): Promise<number> {
  const { terminal } = options;
  let exitCode: number = EXIT.done;
  const program = createProgram(options, async (common, work) => {
    exitCode = await runCommand(options, common, work);
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help')) {
      exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
    } else {
      exitCode = reportFailure(error, terminal, { json: asksForJson(args), verbose: false });
    }
  }
  await Promise.all([flushed(terminal.stdout), flushed(terminal.stderr)]);
  return exitCode;
}

function createProgram(
  options: CliOptions,
  run: (common: CommonOptions, work: (session: Session) => Promise<number>) => Promise<void>,
): Command {
  const { stdout, stderr } = options.terminal;
  const program = new Command('bulkhead')
    .description('Opens a folder in its own microVM.')
    .version(options.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      // reportFailure prints usage errors, in the form of all other errors.
      outputError: () => undefined,
    });
  addUpCommand(program, run);
  addMachineCommands(program, run);
  addExecCommands(program, run);
  addLogsCommand(program, run);
  addStatsCommand(program, run);
  addPortsCommand(program, run);
  addNetCommand(program, run);
  addHostCommands(program, run);
  addConfigCommand(program, run);
  addConsentCommand(program, run);
  addCopyCommand(program, run);
  addCredentialsCommand(program, run);
  addPullCommand(program, run);
  return program;
}

async function runCommand(
  options: CliOptions,
  common: CommonOptions,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const { terminal } = options;
  const json = common.json === true;
  const verbose = common.verbose === true;
  const status = new StatusLine(terminal.stderr, { quiet: common.quiet === true, verbose }, terminal.env);
  const interruption = new Interruption(terminal.signals, (code) => terminal.exit(code));
  // A reader that goes away (`| head`) ends the command like Ctrl-C; without a listener it would crash it.
  terminal.stdout.on('error', (error) => {
    if (codeOf(error) === 'EPIPE') {
      interruption.abort();
    }
  });
  terminal.stderr.on('error', () => undefined);
  const turn = new TerminalTurn(terminal);
  let app: App | undefined;
  try {
    const confirmSignature = signatureAnswers(common, turn, status.log);
    const dataDirectory = terminal.env.BULKHEAD_DATA_DIRECTORY;
    app = options.createApp({
      log: status.log,
      proxyCommand: options.proxyCommand,
      ...(dataDirectory ? { dataDirectory } : {}),
      ...(confirmSignature && { confirmSignature }),
    });
    return await work({
      app,
      output: new Output(terminal.stdout, json),
      status,
      terminal,
      interruption,
      turn,
      signal: interruption.signal,
    });
  } catch (error) {
    status.clear();
    // Whatever a cancelled command trips over on its way out, it was cancelled.
    const reason = interruption.signal.aborted ? new CancelledError() : error;
    return reportFailure(reason, terminal, { json, verbose });
  } finally {
    status.clear();
    app?.dispose();
    interruption.dispose();
  }
}

/** Whether a command line that could not be parsed asked for JSON: `--json` before any `--`. */
function asksForJson(args: string[]): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).includes('--json');
}
