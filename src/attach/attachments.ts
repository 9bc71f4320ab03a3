import type { App } from '../app';
import { type Disposable, DisposableList } from '../core/disposables';
import { messageOf } from '../core/errors';
import { Listeners } from '../core/listeners';
import type { Log } from '../core/log';
import { Attachment, type AttachmentStatus, type PresentBringUp } from './attachment';

/** The machines that this window holds (one, but for a multi-root workspace), made as URIs name them. */
export class Attachments implements Disposable {
  private readonly held = new Map<string, Attachment>();
  private readonly disposables = new DisposableList();
  private readonly changes = new Listeners<{ attachment: Attachment; status: AttachmentStatus }>();
  readonly onDidChange = this.changes.add;
  private watchesEngine = false;

  constructor(
    private readonly app: Pick<App, 'find' | 'guest' | 'start' | 'resume' | 'onDidChangeMachines'>,
    private readonly log: Log,
    private readonly present: PresentBringUp,
  ) {}

  /** Those that were asked for so far. */
  list(): Attachment[] {
    return [...this.held.values()];
  }

  get(id: string): Attachment | undefined {
    return this.held.get(id);
  }

  /** The window's hold on the machine; does no I/O by itself. */
  hold(id: string): Attachment {
    const known = this.held.get(id);
    if (known) {
      return known;
    }
    const attachment = this.disposables.add(new Attachment(id, this.app, this.log, this.present));
    this.disposables.add(attachment.onDidChange((status) => this.changes.fire({ attachment, status })));
    this.held.set(id, attachment);
    if (!this.watchesEngine) {
      this.watchesEngine = true;
      this.disposables.add(this.app.onDidChangeMachines(() => this.refresh()));
    }
    return attachment;
  }

  /** Looks at all their states again. */
  refresh(): void {
    for (const attachment of this.held.values()) {
      attachment.refresh().catch((error: unknown) => {
        this.log.warn(`${attachment.id}: cannot see its state: ${messageOf(error)}`);
      });
    }
  }

  dispose(): void {
    this.disposables.dispose();
    this.changes.dispose();
    this.held.clear();
  }
}
