import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { UpOptions, UpResult } from '../app';
import { BulkheadError, EXIT } from '../core/errors';
import { forTerminal } from '../core/plainText';
import { type AllowOptions, allowedKinds, withAllowOptions } from './allowOptions';
import { describeAsk } from './consentCommand';
import { formatDuration } from './format';
import { type CommonOptions, type Run, withCommonOptions } from './session';
import { type SettingsOptions, settingsOverrides, withSettingsOptions } from './settingsOptions';

export function addUpCommand(program: Command, run: Run): void {
  withAllowOptions(withSettingsOptions(withCommonOptions(program.command('up'))))
    .description('build the folder’s image and bring it up in its own microVM')
    .argument('[folder]', 'the workspace folder', '.')
    .option(
      '--rebuild',
      'build the image again and begin with a fresh system (the workspace in the VM is kept)',
    )
    .option('--copy', 'the machine works on a copy of the folder, from its next start on')
    .option('--mount', 'the machine gets the folder itself, read-only, from its next start on')
    .option('--mount-write', 'the machine gets the folder itself and may write to it, from its next start on')
    .action((folder: string, options: CommonOptions & SettingsOptions & AllowOptions & UpFlags) =>
      run(options, async (session) => {
        const allow = allowedKinds(options);
        const result = await session.app.up(resolve(session.terminal.cwd(), folder), {
          rebuild: options.rebuild === true,
          overrides: settingsOverrides(options),
          ...(allow && { allow }),
          ...chosenWorkspace(options),
          signal: session.signal,
          onProgress: session.status.report,
        });
        session.status.clear();
        for (const warning of [...result.warnings, ...(result.outdated ? [result.outdated] : [])]) {
          session.status.log.warn(warning);
        }
        const agreed = allow === undefined ? [] : result.asks.filter(({ granted }) => granted);
        session.output.result(result, [...describeUp(result), ...agreed.flatMap(describeAsk)]);
        return EXIT.done;
      }),
    );
}

interface UpFlags {
  rebuild?: true;
  copy?: true;
  mount?: true;
  mountWrite?: true;
}

/** The flag itself is the user's consent; a file's wish is not. */
function chosenWorkspace({ copy, mount, mountWrite }: UpFlags): Pick<UpOptions, 'workspace'> {
  if (Number(copy === true) + Number(mount === true) + Number(mountWrite === true) > 1) {
    throw new BulkheadError('--copy, --mount and --mount-write exclude each other', {
      kind: 'usage',
      next: 'Give one of them.',
    });
  }
  if (copy) {
    return { workspace: { mode: 'copy', readOnly: false } };
  }
  return mount || mountWrite ? { workspace: { mode: 'mount', readOnly: mountWrite !== true } } : {};
}

function describeUp(result: UpResult): string[] {
  const layers = result.image.layers === 1 ? '1 layer' : `${result.image.layers} layers`;
  return [
    `${result.id} is ${result.state} after ${formatDuration(result.timings.totalMs)} (${result.accelerator}, ${layers})`,
    `  workspace  ${forTerminal(result.workspace)}`,
    `  shell      bulkhead ssh ${result.id}`,
    `  run        bulkhead exec ${result.id} -- uname -r`,
    `  OpenSSH    ssh -F ${quoteForShell(result.ssh.config)} ${result.ssh.alias}`,
  ];
}

/** The path as one word of a POSIX shell, for a line that people copy. */
function quoteForShell(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
