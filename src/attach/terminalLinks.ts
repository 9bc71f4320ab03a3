import { posix } from 'node:path';
import * as vscode from 'vscode';
import { messageOf } from '../core/errors';
import { type Log, printable } from '../core/log';
import type { Attachments } from './attachments';
import { findPlaces, type Place } from './findPlaces';
import { GuestPseudoterminal } from './guestPseudoterminal';
import { guestUri } from './searchedFolder';
import type { TaskPlaces } from './tasks/taskPlaces';
import { machineFolder } from './terminalProfile';

/** How long an answer about a file counts (ms), and how many are kept. */
const FRESH_MS = 5_000;
const KNOWN_MAX = 1_000;
const STAT_MS = 5_000;

type Kind = 'file' | 'directory' | undefined;

interface PlaceLink extends vscode.TerminalLink {
  id: string;
  path: string;
  place: Place;
  kind: 'file' | 'directory';
}

/** Files that programs name in Bulkhead's own terminals open in the editor, at the line. Each is looked up in the guest first. */
export class TerminalLinks implements vscode.TerminalLinkProvider<PlaceLink> {
  private readonly known = new Map<string, { at: number; kind: Promise<Kind> }>();

  private constructor(
    private readonly attachments: Attachments,
    private readonly taskPlaces: TaskPlaces,
    private readonly log: Log,
  ) {}

  static register(attachments: Attachments, taskPlaces: TaskPlaces, log: Log): vscode.Disposable {
    return vscode.window.registerTerminalLinkProvider(new TerminalLinks(attachments, taskPlaces, log));
  }

  async provideTerminalLinks(
    context: vscode.TerminalLinkContext,
    token: vscode.CancellationToken,
  ): Promise<PlaceLink[]> {
    const where = this.placeOf(context.terminal);
    if (!where || this.attachments.get(where.id)?.status.kind !== 'attached') {
      return [];
    }
    const links = await Promise.all(findPlaces(context.line).map((place) => this.linkTo(where, place)));
    return token.isCancellationRequested ? [] : links.filter((link) => link !== undefined);
  }

  async handleTerminalLink({ id, path, place, kind }: PlaceLink): Promise<void> {
    const uri = guestUri(id, path);
    if (kind === 'directory') {
      await vscode.commands.executeCommand('revealInExplorer', uri);
      return;
    }
    const at = new vscode.Position(Math.max(0, (place.line ?? 1) - 1), Math.max(0, (place.column ?? 1) - 1));
    await vscode.commands.executeCommand('vscode.open', uri, {
      ...(place.line !== undefined && { selection: new vscode.Range(at, at) }),
    });
  }

  /** The machine of one of Bulkhead's terminals and the folders that relative paths may start from. */
  private placeOf(terminal: vscode.Terminal): { id: string; folders: string[] } | undefined {
    const isShellOfHost =
      'shellPath' in terminal.creationOptions && terminal.creationOptions.shellPath !== undefined;
    const place = ptyOf(terminal)?.place ?? (isShellOfHost ? undefined : this.taskPlaces.of(terminal.name));
    if (!place) {
      return undefined;
    }
    const own = machineFolder();
    const folders = [place.cwd.path, ...(own?.id === place.id ? [own.path] : [])];
    return { id: place.id, folders: [...new Set(folders.filter((path) => path !== undefined))] };
  }

  private async linkTo(
    where: { id: string; folders: string[] },
    place: Place,
  ): Promise<PlaceLink | undefined> {
    for (const path of candidates(where.folders, place.path)) {
      const kind = await this.kindOf(where.id, path);
      if (kind) {
        const tooltip =
          kind === 'file'
            ? vscode.l10n.t('Open file of the VM in editor')
            : vscode.l10n.t('Show folder in explorer');
        return { startIndex: place.start, length: place.length, tooltip, id: where.id, path, place, kind };
      }
    }
    return undefined;
  }

  private kindOf(id: string, path: string): Promise<Kind> {
    const key = `${id}:${path}`;
    const known = this.known.get(key);
    if (known && performance.now() - known.at < FRESH_MS) {
      return known.kind;
    }
    const kind = this.ask(id, path);
    this.known.delete(key);
    this.known.set(key, { at: performance.now(), kind });
    for (const oldest of this.known.keys()) {
      if (this.known.size <= KNOWN_MAX) {
        break;
      }
      this.known.delete(oldest);
    }
    return kind;
  }

  private async ask(id: string, path: string): Promise<Kind> {
    try {
      const files = await this.attachments.hold(id).files();
      const { type } = await files.stat(path, { signal: AbortSignal.timeout(STAT_MS) });
      return type === 'file' || type === 'directory' ? type : undefined;
    } catch (error) {
      this.log.debug(`link ${printable(path, 200)}: ${printable(messageOf(error), 200)}`);
      return undefined;
    }
  }
}

export function ptyOf(terminal: vscode.Terminal): GuestPseudoterminal | undefined {
  const { creationOptions } = terminal;
  return 'pty' in creationOptions && creationOptions.pty instanceof GuestPseudoterminal
    ? creationOptions.pty
    : undefined;
}

/** Git's `a/` and `b/` before a path are no folders, as a rule. */
function candidates(folders: string[], path: string): string[] {
  const paths = /^[ab]\/./.test(path) ? [path, path.slice(2)] : [path];
  return paths.flatMap((each) =>
    each.startsWith('/') ? [posix.normalize(each)] : folders.map((folder) => posix.resolve(folder, each)),
  );
}
