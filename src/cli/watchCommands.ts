import { type Command, InvalidArgumentError } from 'commander';
import { delay } from '../core/deadline';
import { EXIT } from '../core/errors';
import type { MachineUsage } from '../machine/hypervisor';
import { formatBytes } from './format';
import { type CommonOptions, type Run, type Session, withCommonOptions } from './session';

const SAMPLE_INTERVAL_MS = 2000;

/** `logs` and `stats`: what a machine says and what it uses. */
export function addWatchCommands(program: Command, run: Run): void {
  withCommonOptions(program.command('logs'))
    .description('what happened to the machine, with the output of its lifecycle commands')
    .argument('<id>', 'the machine, or a unique beginning of its id')
    .option('--console', 'the guest’s serial console instead')
    .option('-n, --tail <lines>', 'the last lines only', positiveInteger)
    .action((id: string, options: CommonOptions & { console?: true; tail?: number }) =>
      run(options, (session) => logs(session, id, options)),
    );

  withCommonOptions(program.command('stats'))
    .description('what the machine uses, as the host measures it')
    .argument('<id>', 'the machine, or a unique beginning of its id')
    .option('-f, --follow', `again every ${SAMPLE_INTERVAL_MS / 1000} s until Ctrl-C`)
    .action((id: string, options: CommonOptions & { follow?: true }) =>
      run(options, (session) => stats(session, id, options.follow === true)),
    );
}

async function logs(
  session: Session,
  idOrPrefix: string,
  options: { console?: true; tail?: number },
): Promise<number> {
  const { id } = await session.app.find(idOrPrefix, { signal: session.signal });
  const source = options.console ? 'console' : 'machineLog';
  const text = await session.app[source](id, {
    ...(options.tail === undefined ? {} : { tail: options.tail }),
    signal: session.signal,
  });
  session.output.result({ id, source: options.console ? 'console' : 'log', text }, [
    text.replace(/\n+$/, ''),
  ]);
  return EXIT.done;
}

async function stats(session: Session, idOrPrefix: string, follow: boolean): Promise<number> {
  const { id } = await session.app.find(idOrPrefix, { signal: session.signal });
  let header = [usageLine(USAGE_HEADER)];
  for (;;) {
    const usage = await session.app.usage(id, { signal: session.signal });
    session.output.result({ id, ...usage }, [...header, usageLine(describeUsage(usage))]);
    if (!follow) {
      return EXIT.done;
    }
    header = [];
    await delay(SAMPLE_INTERVAL_MS, session.signal);
  }
}

const USAGE_HEADER = ['CPU', 'MEMORY', 'LIMIT', 'DISK', 'READ', 'WRITTEN'];

function describeUsage(usage: MachineUsage): string[] {
  return [
    `${usage.cpuPercent.toFixed(1)}%`,
    ...[
      usage.memoryBytes,
      usage.memoryLimitBytes,
      usage.upperDiskBytes,
      usage.blockReadBytes,
      usage.blockWriteBytes,
    ].map(formatBytes),
  ];
}

/** Fixed columns, so that each later line of --follow stands under the first. */
function usageLine(cells: string[]): string {
  return cells.map((cell) => cell.padStart(9)).join(' ');
}

function positiveInteger(text: string): number {
  const value = /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) {
    throw new InvalidArgumentError('It must be a whole number from 1.');
  }
  return value;
}
