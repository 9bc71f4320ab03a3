import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { defaultDataDirectory } from '../app/dataDirectory';
import { type Disposable, DisposableList } from '../core/disposables';
import { messageOf } from '../core/errors';
import type { Log } from '../core/log';
import type { MachineInfo } from '../machine/hypervisor';
import type { OnClose } from '../settings/workspaceSpec';
import type { Attachments } from './attachments';
import { HAND_OVER_GRACE_MS, RELEASE_GRACE_MS, takeLease } from './leases';

/** Starts the program that suspends or stops a machine once no window holds it, after `graceMs`. */
export type Release = (id: string, action: 'suspend' | 'stop', graceMs: number) => void;

/**
 * Holds a lease on each machine of this window, and on `dispose` (the window closes) gives it up and has the
 * machine put to rest as its settings say.
 */
export class WindowLeases implements Disposable {
  private readonly leases = new Map<string, Disposable>();
  private readonly handedOver = new Set<string>();
  private readonly disposables = new DisposableList();

  constructor(
    private readonly folder: string,
    private readonly attachments: Attachments,
    private readonly onClose: (info: MachineInfo) => OnClose,
    private readonly release: Release,
    private readonly log: Log,
  ) {
    this.disposables.add(
      attachments.onDidChange(({ attachment, status }) => {
        if (status.kind === 'attaching') {
          this.take(attachment.id);
        }
      }),
    );
  }

  /** Another window is about to show the machine, perhaps in place of this one: that may take its time. */
  handOver(id: string): void {
    this.handedOver.add(id);
  }

  dispose(): void {
    this.disposables.dispose();
    for (const [id, lease] of this.leases) {
      lease.dispose();
      const status = this.attachments.get(id)?.status;
      const action = status?.kind === 'attached' ? this.onClose(status.info) : 'keep';
      if (action !== 'keep') {
        this.release(id, action, this.handedOver.has(id) ? HAND_OVER_GRACE_MS : RELEASE_GRACE_MS);
      }
    }
    this.leases.clear();
  }

  private take(id: string): void {
    if (this.leases.has(id)) {
      return;
    }
    try {
      this.leases.set(id, takeLease(this.folder, id));
    } catch (error) {
      // Without a lease another window may suspend the machine too early: a nuisance, not a loss.
      this.log.warn(`${id}: cannot write a lease: ${messageOf(error)}`);
    }
  }
}

/** The leases of this window in the user's data folder; `extension` knows where the bundles in dist/ are. */
export function windowLeases(
  extension: { asAbsolutePath(path: string): string },
  attachments: Attachments,
  onClose: (info: MachineInfo) => OnClose,
  log: Log,
): WindowLeases {
  const folder = join(defaultDataDirectory(), 'leases');
  const bundle = (name: string) => extension.asAbsolutePath(join('dist', name));
  const release = detachedRelease(folder, bundle('release.js'), bundle('cli.js'));
  return new WindowLeases(folder, attachments, onClose, release, log);
}

/** `release` by a detached process, which outlives this one. `script` and `cli` are the bundles in dist/. */
export function detachedRelease(leases: string, script: string, cli: string): Release {
  return (id, action, graceMs) => {
    const child = spawn(process.execPath, [script, leases, id, action, cli, String(graceMs)], {
      detached: true,
      stdio: 'ignore',
      // The extension host's executable is Electron on a desktop; this makes it a Node.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    });
    // Nobody is left to hear of an error; without a listener it would be thrown.
    child.on('error', () => undefined);
    child.unref();
  };
}
