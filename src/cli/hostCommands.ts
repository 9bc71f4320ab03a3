import type { Command } from 'commander';
import type { DoctorFinding, PruneResult } from '../app';
import { BulkheadError, EXIT } from '../core/errors';
import { formatBytes, formatTable } from './format';
import { addIdCommand } from './machineCommands';
import { type CommonOptions, type Run, type Session, withCommonOptions } from './session';

const ON_CLOSE = ['suspend', 'stop', 'keep'] as const;

/** `doctor prune ssh-config on-close`: the host's side of things. */
export function addHostCommands(program: Command, run: Run): void {
  withCommonOptions(program.command('doctor'))
    .description('what this host can do, and what would make it better')
    .action((options: CommonOptions) => run(options, doctor));

  withCommonOptions(program.command('prune'))
    .description('remove layers, disks and images that no machine uses')
    .option('--dry-run', 'only say what would go')
    .action((options: CommonOptions & { dryRun?: true }) =>
      run(options, async (session) => {
        const result = await session.app.prune({ dryRun: options.dryRun === true, signal: session.signal });
        session.output.result(result, describePrune(result));
        return EXIT.done;
      }),
    );

  addIdCommand(
    program,
    run,
    'ssh-config',
    'print the machine’s block for ssh_config',
    async (session, { id }) => {
      const config = await session.app.sshConfig(id, { signal: session.signal });
      session.output.result({ id, ...config }, [config.text.replace(/\n+$/, '')]);
    },
  );

  withCommonOptions(program.command('on-close'))
    .description('show or choose what happens to the machine when its last editor window closes')
    .argument('<id>', 'the machine, or a unique beginning of its id')
    .argument('[what]', 'suspend, stop, keep (it keeps running), or default (what its folder’s settings say)')
    .action((id: string, what: string | undefined, options: CommonOptions) =>
      run(options, (session) => onClose(session, id, what)),
    );
}

async function doctor(session: Session): Promise<number> {
  const { signal, status } = session;
  const findings = await session.app.doctor({ signal, onProgress: status.report });
  status.clear();
  const missing = findings.some(({ status }) => status === 'missing');
  session.output.result({ ok: !missing, findings }, describeFindings(findings));
  return missing ? EXIT.host : EXIT.done;
}

function describeFindings(findings: DoctorFinding[]): string[] {
  const width = Math.max(0, ...findings.map(({ id }) => id.length));
  return findings.flatMap(({ id, status, message, fix, actions }) => [
    `${status.padEnd(7)}  ${id.padEnd(width)}  ${message}`,
    ...(fix === undefined ? [] : [`${' '.repeat(9)}Next: ${fix}`]),
    ...(actions ?? [])
      .flatMap((action) =>
        action.kind === 'terminal'
          ? [`Run: ${action.command}`]
          : action.kind === 'open'
            ? [`See: ${action.url}`]
            : [],
      )
      .map((line) => `${' '.repeat(9)}${line}`),
  ]);
}

function describePrune(result: PruneResult): string[] {
  const total = formatBytes(result.freedBytes);
  if (result.removed.length === 0) {
    return ['Nothing to remove.'];
  }
  const rows = result.removed.map(({ kind, name, bytes }) => [kind, formatBytes(bytes), name]);
  return [
    ...formatTable(['KIND', 'SIZE', 'NAME'], rows),
    result.dryRun ? `Would free ${total}.` : `Freed ${total}.`,
  ];
}

async function onClose(session: Session, idOrPrefix: string, what: string | undefined): Promise<number> {
  const wanted = ON_CLOSE.find((each) => each === what);
  if (what !== undefined && what !== 'default' && wanted === undefined) {
    throw new BulkheadError(`on-close: there is no ${what}`, {
      kind: 'usage',
      next: 'Use suspend, stop, keep or default.',
    });
  }
  const { app, signal, output } = session;
  const found = await app.find(idOrPrefix, { signal });
  const machine = what === undefined ? found : await app.setOnClose(found.id, wanted, { signal });
  const value = machine.onClose ?? 'suspend';
  const chosen = machine.onCloseChosen === true;
  const from = chosen ? 'chosen for this machine' : 'from its folder’s settings';
  output.result({ id: machine.id, onClose: value, chosen }, [`${machine.id}: ${value} on close (${from})`]);
  return EXIT.done;
}
