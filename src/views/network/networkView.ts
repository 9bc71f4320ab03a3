import type { App } from '../../app';
import type { Attachments } from '../../attach/attachments';
import { DeniedHostNotices } from '../../attach/deniedHostNotices';
import type { Memory } from '../../attach/hostFolders';
import { NetworkRequests } from '../../attach/networkRequests';
import { type Disposable, DisposableList } from '../../core/disposables';
import type { Log } from '../../core/log';
import { NetworkTree } from './networkTree';

/** What this window shows of its machines' networks: the view, and what the user is told by himself. */
export class NetworkView implements Disposable {
  readonly requests: NetworkRequests;
  readonly tree: NetworkTree;
  readonly notices: DeniedHostNotices;
  private readonly disposables = new DisposableList();

  constructor(
    app: Pick<App, 'watchNetwork' | 'networkPolicy'>,
    attachments: Attachments,
    memory: Memory,
    log: Log,
  ) {
    this.notices = new DeniedHostNotices(memory);
    this.requests = this.disposables.add(new NetworkRequests(app, attachments, log));
    this.tree = this.disposables.add(new NetworkTree(app, this.requests, attachments, log));
    this.requests.look('notices', !this.notices.off);
  }

  /** Tells of denied hosts, or no longer. */
  async tell(on: boolean): Promise<void> {
    await this.notices.set(on);
    this.requests.look('notices', on);
  }

  dispose(): void {
    this.disposables.dispose();
  }
}
