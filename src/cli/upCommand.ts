import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { UpResult } from '../app';
import { EXIT } from '../core/errors';
import { type AllowOptions, allowedKinds, withAllowOptions } from './allowOptions';
import { describeAsk } from './consentCommand';
import { formatDuration, oneLine } from './format';
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
    .action((folder: string, options: CommonOptions & SettingsOptions & AllowOptions & { rebuild?: true }) =>
      run(options, async (session) => {
        const allow = allowedKinds(options);
        const result = await session.app.up(resolve(session.terminal.cwd(), folder), {
          rebuild: options.rebuild === true,
          overrides: settingsOverrides(options),
          ...(allow && { allow }),
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

function describeUp(result: UpResult): string[] {
  const layers = result.image.layers === 1 ? '1 layer' : `${result.image.layers} layers`;
  return [
    `${result.id} is ${result.state} after ${formatDuration(result.timings.totalMs)} (${result.accelerator}, ${layers})`,
    `  workspace  ${oneLine(result.workspace)}`,
    `  shell      bulkhead ssh ${result.id}`,
    `  run        bulkhead exec ${result.id} -- uname -r`,
    `  OpenSSH    ssh -F ${quoteForShell(result.ssh.config)} ${result.ssh.alias}`,
  ];
}

/** The path as one word of a POSIX shell, for a line that people copy. */
function quoteForShell(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
