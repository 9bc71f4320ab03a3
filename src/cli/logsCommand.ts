import { type Command, InvalidArgumentError } from 'commander';
import { EXIT } from '../core/errors';
import { withoutEnd } from '../core/withoutEnd';
import { type CommonOptions, type Run, type Session, withCommonOptions } from './session';

/** `logs`: what a machine says. */
export function addLogsCommand(program: Command, run: Run): void {
  withCommonOptions(program.command('logs'))
    .description('what happened to the machine, with the output of its lifecycle commands')
    .argument('<id>', 'the machine, or a unique beginning of its id')
    .option('--console', 'the guest’s serial console instead')
    .option('-n, --tail <lines>', 'the last lines only', positiveInteger)
    .action((id: string, options: CommonOptions & { console?: true; tail?: number }) =>
      run(options, (session) => logs(session, id, options)),
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
  session.output.result({ id, source: options.console ? 'console' : 'log', text }, [withoutEnd(text, '\n')]);
  return EXIT.done;
}

function positiveInteger(text: string): number {
  const value = /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) {
    throw new InvalidArgumentError('It must be a whole number from 1.');
  }
  return value;
}
