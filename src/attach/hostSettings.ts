import { access } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { App } from '../app';
import type { SettingsDrift } from '../app/settingsDrift';
import { type Disposable, DisposableList } from '../core/disposables';
import { codeOf, messageOf } from '../core/errors';
import { Listeners } from '../core/listeners';
import type { Log } from '../core/log';
import { BULKHEAD_FILE } from '../settings/settingsFiles';
import type { OnClose } from '../settings/workspaceSpec';
import type { Attachments } from './attachments';

/** Quiet time (ms) after a change: editors write a file in several steps. */
const SETTLE_MS = 400;

export interface SettingsReading {
  id: string;
  drift: SettingsDrift;
  /** The reading before; undefined for the first. */
  before?: SettingsDrift;
}

/**
 * What the host's settings files say about the machines of this window, read when one is attached and whenever its files
 * change. What counts at once (`live`) is taken from here; what needs a restart is for whoever listens.
 */
export class HostSettings implements Disposable {
  private readonly disposables = new DisposableList();
  private readonly watched = new Map<string, { drift?: SettingsDrift }>();
  private readonly readings = new Listeners<SettingsReading>();
  /** Fires after each reading, changed or not. */
  readonly onDidRead = this.readings.add;

  constructor(
    private readonly app: Pick<App, 'settingsDrift'>,
    attachments: Attachments,
    private readonly log: Log,
  ) {
    this.disposables.add(
      attachments.onDidChange(({ attachment, status }) => {
        if (status.kind === 'attached') {
          this.watch(attachment.id, status.info.folder).catch((error: unknown) =>
            log.warn(`${attachment.id}: its settings can't be watched: ${messageOf(error)}`),
          );
        }
      }),
    );
  }

  /** The last reading, undefined before the first. */
  current(id: string): SettingsDrift | undefined {
    return this.watched.get(id)?.drift;
  }

  /** What the folder's settings say about closing; undefined if they have not been read. */
  onClose(id: string): OnClose | undefined {
    return this.current(id)?.live.onClose;
  }

  /** Reads them now. Settings that can't be used as they are change nothing: the Problems panel says why. */
  async read(id: string): Promise<SettingsDrift | undefined> {
    const state = this.watched.get(id);
    if (!state) {
      return undefined;
    }
    const before = state.drift;
    try {
      state.drift = await this.app.settingsDrift(id);
    } catch (error) {
      this.log.info(`${id}: its settings can't be used as they are: ${messageOf(error)}`);
      return undefined;
    }
    this.readings.fire({ id, drift: state.drift, ...(before && { before }) });
    return state.drift;
  }

  dispose(): void {
    this.disposables.dispose();
    this.readings.dispose();
    this.watched.clear();
  }

  private async watch(id: string, folder: string): Promise<void> {
    if (this.watched.has(id)) {
      return;
    }
    this.watched.set(id, {});
    try {
      await access(folder);
    } catch (error) {
      // A machine of a remote engine, made from another computer's folder: nothing to watch here.
      if (codeOf(error) === 'ENOENT') {
        return;
      }
      throw error;
    }
    let timer: NodeJS.Timeout | undefined;
    const changed = () => {
      clearTimeout(timer);
      timer = setTimeout(() => void this.read(id), SETTLE_MS);
    };
    this.disposables.add({ dispose: () => clearTimeout(timer) });
    const root = vscode.Uri.file(folder);
    // Two patterns without ** are watched without a walk through the folder.
    for (const pattern of [
      new vscode.RelativePattern(root, BULKHEAD_FILE),
      new vscode.RelativePattern(root, '.devcontainer.json'),
      new vscode.RelativePattern(vscode.Uri.file(join(folder, '.devcontainer')), '**/devcontainer.json'),
    ]) {
      const watcher = this.disposables.add(vscode.workspace.createFileSystemWatcher(pattern));
      watcher.onDidChange(changed);
      watcher.onDidCreate(changed);
      watcher.onDidDelete(changed);
    }
    await this.read(id);
  }
}
