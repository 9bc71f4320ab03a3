import * as vscode from 'vscode';
import type { Disposable } from '../core/disposables';
import { messageOf } from '../core/errors';
import { type Log, printable } from '../core/log';
import type { FileStat, FileType, GuestFiles } from '../guest/guestFiles';
import type { Attachments } from './attachments';
import type { WithheldSettings } from './editorSettings/withheldSettings';
import { toFileSystemError } from './fileErrors';
import { guestPathOf, machineIdOf, SCHEME } from './machineUri';
import { type WatchedFolders, watchedFolders } from './watchedFolders';

/** Bytes that the editor reads at most: a file is held whole in two processes. */
const MAX_READ_BYTES = 128 * 1024 * 1024;
/** Symlinks of one folder whose targets are looked at (one round trip each), and how many at a time. */
const MAX_RESOLVED_LINKS = 2000;
const LINKS_AT_ONCE = 32;

const TYPES: Record<FileType, vscode.FileType> = {
  file: vscode.FileType.File,
  directory: vscode.FileType.Directory,
  symlink: vscode.FileType.SymbolicLink,
  other: vscode.FileType.Unknown,
};

/** `bulkhead://<id>/<path>`: the machine's files as its user sees them. The guest is hostile: nothing here trusts a size or a name. */
export class MachineFileSystem implements vscode.FileSystemProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.changed.event;
  private readonly watched: WatchedFolders;
  private readonly agreeing: Disposable;

  constructor(
    private readonly attachments: Attachments,
    private readonly withheld: WithheldSettings,
    private readonly log: Log,
  ) {
    this.agreeing = withheld.onDidAgree(({ machineId, path }) => {
      const uri = vscode.Uri.from({ scheme: SCHEME, authority: machineId, path });
      this.changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
    });
    this.watched = watchedFolders(attachments, log, (events) => this.changed.fire(events));
  }

  static register(attachments: Attachments, withheld: WithheldSettings, log: Log): vscode.Disposable {
    const files = new MachineFileSystem(attachments, withheld, log);
    return vscode.Disposable.from(
      files,
      vscode.workspace.registerFileSystemProvider(SCHEME, files, { isCaseSensitive: true }),
    );
  }

  watch(uri: vscode.Uri, options: { recursive: boolean; excludes: readonly string[] }): Disposable {
    const { id, path } = locate(uri);
    return this.watched.watch(id, path, { recursive: options.recursive, excludes: [...options.excludes] });
  }

  stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    return this.on(uri, async (files, path) => {
      const own = await files.stat(path, { followSymlinks: false });
      if (own.type !== 'symlink') {
        return toStat(own, TYPES[own.type]);
      }
      const target = await targetOf(files, path);
      return toStat(target ?? own, linkType(target));
    });
  }

  readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    return this.on(uri, async (files, path) => {
      const entries = await files.readDirectory(path);
      const types = entries.map(({ type }) => TYPES[type]);
      const links = entries.flatMap(({ type }, index) => (type === 'symlink' ? [index] : []));
      if (links.length > MAX_RESOLVED_LINKS) {
        this.log.warn(
          `${printable(path, 300)}: ${links.length} symlinks; only ${MAX_RESOLVED_LINKS} are followed`,
        );
        links.length = MAX_RESOLVED_LINKS;
      }
      for (let start = 0; start < links.length; start += LINKS_AT_ONCE) {
        await Promise.all(
          links.slice(start, start + LINKS_AT_ONCE).map(async (index) => {
            const name = entries[index]?.name ?? '';
            types[index] = linkType(await targetOf(files, path === '/' ? `/${name}` : `${path}/${name}`));
          }),
        );
      }
      return entries.map(({ name }, index) => [name, types[index] ?? vscode.FileType.Unknown]);
    });
  }

  readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return this.on(uri, async (files, path) => {
      const bytes = await files.readFile(path, { maxBytes: MAX_READ_BYTES });
      if (await this.withheld.look(locate(uri).id, path, bytes)) {
        throw vscode.FileSystemError.NoPermissions(
          vscode.l10n.t(
            'Bulkhead keeps this file from VS Code: its settings could act on this computer. A notification shows it, and lets you use it.',
          ),
        );
      }
      return bytes;
    });
  }

  writeFile(
    uri: vscode.Uri,
    content: Uint8Array,
    options: { create: boolean; overwrite: boolean },
  ): Promise<void> {
    return this.on(uri, async (files, path) => {
      if (!options.create || !options.overwrite) {
        const existing = await statIfThere(files, path);
        if (!existing && !options.create) {
          throw vscode.FileSystemError.FileNotFound(uri);
        }
        if (existing?.type === 'directory') {
          throw vscode.FileSystemError.FileIsADirectory(uri);
        }
        if (existing && !options.overwrite) {
          throw vscode.FileSystemError.FileExists(uri);
        }
      }
      // Before: the editor reads it again as soon as it is there.
      await this.withheld.wrote(locate(uri).id, path, content);
      await files.writeFileAtomic(path, content);
    });
  }

  createDirectory(uri: vscode.Uri): Promise<void> {
    return this.on(uri, (files, path) => files.createDirectory(path));
  }

  delete(uri: vscode.Uri, options: { recursive: boolean }): Promise<void> {
    return this.on(uri, (files, path) => files.remove(path, { recursive: options.recursive }));
  }

  rename(from: vscode.Uri, to: vscode.Uri, options: { overwrite: boolean }): Promise<void> {
    const target = sameMachine(from, to);
    return this.on(from, (files, path) => files.rename(path, target, { overwrite: options.overwrite }));
  }

  copy(from: vscode.Uri, to: vscode.Uri, options: { overwrite: boolean }): Promise<void> {
    const target = sameMachine(from, to);
    return this.on(from, (files, path) => files.copy(path, target, { overwrite: options.overwrite }));
  }

  dispose(): void {
    this.agreeing.dispose();
    this.watched.dispose();
    this.changed.dispose();
  }

  private async on<T>(uri: vscode.Uri, work: (files: GuestFiles, path: string) => Promise<T>): Promise<T> {
    try {
      const { id, path } = locate(uri);
      return await work(await this.attachments.hold(id).files(), path);
    } catch (error) {
      this.log.debug(`${printable(uri.path, 300)}: ${printable(messageOf(error), 300)}`);
      throw toFileSystemError(error);
    }
  }
}

function locate(uri: vscode.Uri): { id: string; path: string } {
  const id = machineIdOf(uri);
  const path = guestPathOf(uri);
  if (id === undefined || path === undefined) {
    throw vscode.FileSystemError.FileNotFound(uri);
  }
  return { id, path };
}

/** The second path of a rename or copy. The editor copies between two machines by reading and writing. */
function sameMachine(from: vscode.Uri, to: vscode.Uri): string {
  const target = locate(to);
  if (target.id !== machineIdOf(from)) {
    throw vscode.FileSystemError.NoPermissions(vscode.l10n.t('The two paths lie in different machines.'));
  }
  return target.path;
}

/** Where a symlink leads, or undefined if there is nothing, or nothing that may be looked at. */
function targetOf(files: GuestFiles, path: string): Promise<FileStat | undefined> {
  return files.stat(path, { followSymlinks: true }).catch(fileErrorsAsUndefined);
}

function statIfThere(files: GuestFiles, path: string): Promise<FileStat | undefined> {
  return files.stat(path).catch((error: unknown) => {
    if (toFileSystemError(error).code === 'FileNotFound') {
      return undefined;
    }
    throw error;
  });
}

function fileErrorsAsUndefined(error: unknown): undefined {
  // A dangling link or a loop is an answer; a lost connection is not.
  if (toFileSystemError(error).code === 'Unavailable' && !isFileError(error)) {
    throw error;
  }
  return undefined;
}

/** SFTP has no code for a link loop: such a target comes back as a plain failure. */
function isFileError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EIO';
}

/** As VS Code's own disk provider says it: a dangling link is `Unknown | SymbolicLink`. */
function linkType(target: FileStat | undefined): vscode.FileType {
  return vscode.FileType.SymbolicLink | (target ? TYPES[target.type] : vscode.FileType.Unknown);
}

function toStat(stat: FileStat, type: vscode.FileType): vscode.FileStat {
  // SFTP version 3 knows no time of creation.
  return { type, size: stat.size, mtime: stat.mtimeMs, ctime: 0 };
}
