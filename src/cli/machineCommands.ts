import type { Command } from 'commander';
import { EXIT } from '../core/errors';
import type { MachineInfo } from '../machine/hypervisor';
import { assertNothingLost } from './assertNothingLost';
import { formatBytes } from './format';
import { type CommonOptions, type Run, type Session, withCommonOptions } from './session';

/** `ls stop start suspend resume rm reset`: a machine's life after `up`. */
export function addMachineCommands(program: Command, run: Run): void {
  withCommonOptions(program.command('ls'))
    .description('list the machines')
    .action((options: CommonOptions) => run(options, list));

  addIdCommand(program, run, 'stop', 'power the machine off; its disk stays', async (session, { id }) => {
    const { forced } = await session.app.stop(id, { signal: session.signal });
    const note = forced ? ' (the guest did not power off in time and was forced)' : '';
    session.output.result({ id, state: 'stopped', forced }, [`${id} is stopped${note}`]);
  });
  addIdCommand(program, run, 'start', 'start a machine, or resume it if it is suspended', (session, { id }) =>
    wake(session, id, 'start'),
  );
  addIdCommand(
    program,
    run,
    'suspend',
    'write the machine’s memory to disk and free it',
    async (session, { id }) => {
      report(session, await session.app.suspend(id, { signal: session.signal }));
    },
  );
  addIdCommand(
    program,
    run,
    'resume',
    'wake a suspended machine with its processes alive',
    (session, { id }) => wake(session, id, 'resume'),
  );

  addDestructive(program, run, 'rm', 'remove the machine and its disk', async (session, id) => {
    await session.app.remove(id, { signal: session.signal });
    session.output.result({ id, removed: true }, [`${id} is removed`]);
  });
  addDestructive(
    program,
    run,
    'reset',
    'drop all that was written in the machine, workspace copy included',
    async (session, id) => {
      await session.app.reset(id, { signal: session.signal });
      session.output.result({ id, reset: true }, [`${id} begins from its image again`]);
    },
  );
}

/** A command that takes one machine by its id, or by a unique beginning of it. */
export function addIdCommand(
  program: Command,
  run: Run,
  name: string,
  description: string,
  work: (session: Session, machine: MachineInfo) => Promise<void>,
): void {
  withCommonOptions(program.command(name))
    .description(description)
    .argument('<id>', 'the machine, or a unique beginning of its id')
    .action((id: string, options: CommonOptions) =>
      run(options, async (session) => {
        await work(session, await session.app.find(id, { signal: session.signal }));
        return EXIT.done;
      }),
    );
}

function addDestructive(
  program: Command,
  run: Run,
  name: 'rm' | 'reset',
  description: string,
  work: (session: Session, id: string) => Promise<void>,
): void {
  withCommonOptions(program.command(name))
    .description(description)
    .argument('<id>', 'the machine, or a unique beginning of its id')
    .option('-f, --force', 'even if files in the machine differ from the folder on the host')
    .action((idOrPrefix: string, options: CommonOptions & { force?: true }) =>
      run(options, async (session) => {
        const { id } = await session.app.find(idOrPrefix, { signal: session.signal });
        if (!options.force) {
          await assertNothingLost(session.app, id, name, session.signal);
        }
        await work(session, id);
        return EXIT.done;
      }),
    );
}

async function list(session: Session): Promise<number> {
  session.output.list(await session.app.list({ signal: session.signal }), {
    header: ['ID', 'STATE', 'VMM', 'CPUS', 'MEMORY', 'NETWORK', 'FOLDER', ''],
    row: (machine) => [
      machine.id,
      machine.state,
      machine.accelerator,
      String(machine.cpus),
      formatBytes(machine.memoryBytes),
      machine.networkMode,
      machine.folder,
      machine.reason ?? '',
    ],
    empty: 'No machines. `bulkhead up <folder>` makes one.',
  });
  return EXIT.done;
}

async function wake(session: Session, id: string, how: 'start' | 'resume'): Promise<void> {
  const machine = await session.app[how](id, { signal: session.signal, onProgress: session.status.report });
  session.status.clear();
  report(session, machine);
}

function report(session: Session, machine: MachineInfo): void {
  session.output.result(machine, [`${machine.id} is ${machine.state}`]);
}
