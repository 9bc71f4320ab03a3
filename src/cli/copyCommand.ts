import { stat } from 'node:fs/promises';
import { basename, dirname, posix, resolve } from 'node:path';
import type { Command } from 'commander';
import { BulkheadError, codeOf, EXIT } from '../core/errors';
import { forTerminal } from '../core/plainText';
import type { CopyQuestions, CopyResult, SkipReason } from '../guest/copy/copyTree';
import { isSafeHostName } from '../guest/copy/hostName';
import type { GuestFiles } from '../guest/guestFiles';
import type { MachineInfo } from '../machine/hypervisor';
import { formatBytes } from './format';
import { type CommonOptions, findRunning, type Run, type Session, withCommonOptions } from './session';

interface CopyOptions extends CommonOptions {
  overwrite?: true;
  skipExisting?: true;
  keepBoth?: true;
  large?: true;
  executable?: true;
  git?: true;
}

/** `<id>:<path>` is in a machine, everything else on this computer. An id has two characters at least, a drive has one. */
const IN_MACHINE = /^([a-z0-9][a-z0-9-]+):(.*)$/s;

const REASONS: Record<SkipReason, string> = {
  link: 'a link',
  notAFile: 'neither a file nor a folder',
  name: 'its name can’t be one on this computer',
  collision: 'another file has the same name to this computer’s file system',
  tooDeep: 'too many folders deep',
  unreadable: 'it can’t be read',
  repository: 'a repository’s settings can run programs here (--git takes them too)',
  conflict: 'it is there already',
};

export function addCopyCommand(program: Command, run: Run): void {
  withCommonOptions(program.command('cp'))
    .description('copy files between this computer and a machine')
    .argument('<paths...>', 'what to copy, then where to; <id>:<path> is in the machine')
    .option('--overwrite', 'replace files that are there already')
    .option('--skip-existing', 'leave files that are there already as they are')
    .option('--keep-both', 'give a copy another name if its own is taken')
    .option('--large', 'also more than 1 GiB or 10,000 files')
    .option('--executable', 'out of the machine: files keep their executable bit')
    .option(
      '--git',
      'out of the machine: repositories’ own folders (.git) too, whose settings and hooks run programs',
    )
    .action((paths: string[], options: CopyOptions) =>
      run(options, (session) => copy(session, paths, options)),
    );
}

async function copy(session: Session, paths: string[], options: CopyOptions): Promise<number> {
  const sources = paths.map(parsePlace);
  const target = sources.pop();
  if (!target || sources.length === 0) {
    throw usage('cp: what to copy, and where to?', 'bulkhead cp <source…> <destination>');
  }
  const ids = new Set(sources.map(({ id }) => id));
  const [sourceId] = ids;
  if (ids.size > 1 || (sourceId === undefined) === (target.id === undefined)) {
    throw usage(
      'cp: one side must be in a machine, the other on this computer',
      'Write <id>:<path> for what is in the machine.',
    );
  }
  const machine = await findRunning(session, target.id ?? sourceId ?? '');
  const names = sources.map(({ path }) => path);
  const [direction, result] =
    target.id === undefined
      ? (['out', await toHost(session, machine, names, target.path, options)] as const)
      : (['in', await toGuest(session, machine, names, target.path, options)] as const);
  session.status.clear();
  for (const { path, reason } of result.skipped) {
    session.status.log.warn(`left out: ${forTerminal(path)}: ${REASONS[reason]}`);
  }
  const more = result.skippedCount - result.skipped.length;
  if (more > 0) {
    session.status.log.warn(`left out: ${more} more`);
  }
  session.output.result({ id: machine.id, direction, ...result }, [
    `${result.files} ${result.files === 1 ? 'file' : 'files'} (${formatBytes(result.bytes)}) copied`,
    ...result.placed.map((path) => `  ${direction === 'in' ? `${machine.id}:` : ''}${forTerminal(path)}`),
  ]);
  return EXIT.done;
}

async function toHost(
  session: Session,
  machine: MachineInfo,
  names: string[],
  target: string,
  options: CopyOptions,
): Promise<CopyResult> {
  const { app, signal } = session;
  const sources = names.map((name) => inMachine(machine, name));
  const plan = await app.surveyGuest(machine.id, sources, { signal });
  const path = resolve(session.terminal.cwd(), target);
  const isFolder = (await isHostFolder(path)) || /[\\/]$/.test(target);
  const [root] = plan.roots;
  if (!isFolder) {
    assertOne(names, path);
    if (!isSafeHostName(basename(path))) {
      throw usage(`cp: not a name for a file: ${forTerminal(basename(path))}`, 'Choose another destination.');
    }
    if (root) {
      root.placing = { kind: 'place', name: basename(path), replaces: false };
    }
  }
  const { undo, ...result } = await app.copyOut(machine.id, plan, {
    folder: isFolder ? path : dirname(path),
    executable: options.executable === true,
    git: options.git === true,
    questions: answersOf(options),
    signal,
    onProgress: session.status.report,
  });
  await undo.settle();
  return result;
}

async function toGuest(
  session: Session,
  machine: MachineInfo,
  names: string[],
  target: string,
  options: CopyOptions,
): Promise<CopyResult> {
  const { app, signal } = session;
  const sources = names.map((name) => resolve(session.terminal.cwd(), name));
  const path = inMachine(machine, target);
  const files = await (await app.guest(machine.id, { signal })).files({ signal });
  const isFolder = (await isGuestFolder(files, path, signal)) || target.endsWith('/');
  if (!isFolder) {
    assertOne(names, path);
  }
  return app.copyIn(machine.id, sources, {
    folder: isFolder ? path : posix.dirname(path),
    ...(!isFolder && { name: posix.basename(path) }),
    questions: answersOf(options),
    signal,
    onProgress: session.status.report,
  });
}

/** As `cp` does: what is no folder is the new name, and only one thing can have it. */
function assertOne(names: string[], path: string): void {
  if (names.length > 1) {
    throw usage(
      `cp: ${forTerminal(path)} is not a folder`,
      'Several things can only be copied into a folder.',
    );
  }
}

function answersOf(options: CopyOptions): CopyQuestions {
  const chosen = [options.overwrite, options.skipExisting, options.keepBoth].filter(Boolean);
  if (chosen.length > 1) {
    throw usage('cp: --overwrite, --skip-existing and --keep-both exclude each other', 'Choose one.');
  }
  return {
    isLargeFine: async ({ files, bytes }) => {
      if (!options.large) {
        throw usage(
          `cp: that is ${files} files, ${formatBytes(bytes)}`,
          'Add --large if it is meant, or copy less.',
        );
      }
      return true;
    },
    onConflict: async ({ path, canReplace }) => {
      if (options.skipExisting) {
        return 'skip';
      }
      if (options.keepBoth) {
        return 'keepBoth';
      }
      if (!options.overwrite || !canReplace) {
        throw new BulkheadError(
          `cp: ${forTerminal(path)} is there already${canReplace ? '' : ', and one is a folder'}`,
          {
            next: canReplace
              ? 'Add --overwrite, --skip-existing or --keep-both.'
              : 'Add --skip-existing or --keep-both.',
          },
        );
      }
      return 'overwrite';
    },
  };
}

/** Relative paths begin in the workspace, as those of `exec` do. */
function inMachine(machine: MachineInfo, path: string): string {
  return posix.resolve(machine.workspaceFolder, path);
}

function parsePlace(text: string): { id?: string; path: string } {
  const [, id, path = ''] = IN_MACHINE.exec(text) ?? [];
  return id === undefined ? { path: text } : { id, path };
}

async function isHostFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

async function isGuestFolder(files: GuestFiles, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await files.stat(path, { signal })).type === 'directory';
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

function usage(message: string, next: string): BulkheadError {
  return new BulkheadError(message, { kind: 'usage', next });
}
