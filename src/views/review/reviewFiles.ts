import * as vscode from 'vscode';
import { type Disposable, DisposableList } from '../../core/disposables';
import { Listeners } from '../../core/listeners';
import type { ReviewService } from '../../review/reviewService';
import { hasConflictMarkers, unmerged } from './mergeText';
import type { ReviewModel } from './reviewModel';
import { REVIEW_SCHEME, type ReviewAddress, type ReviewSide, readReviewUri } from './reviewUri';
import { hasBytes, sideContent } from './sideContent';

/** Documents kept at a time: two diffs and a merge. Each is 5 MB at most. */
const KEPT = 8;

/**
 * What the diffs of the open review show: the bytes that were looked at, never the guest as it is now. All of it is
 * read-only but `merged`, which is kept in memory and told to who listens when it is saved.
 */
export class ReviewFiles implements vscode.FileSystemProvider, Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.changed.event;
  private readonly saved = new Listeners<{ path: string; bytes: Buffer; isMerged: boolean }>();
  /** The user (no timer) saved the merge of a conflict; `isMerged` is false while it has conflicts in it. */
  readonly onDidSaveMerge = this.saved.add;
  private readonly disposables = new DisposableList();
  private readonly read = new Map<string, Promise<Buffer>>();
  private readonly merged = new Map<string, Buffer>();
  private model: ReviewModel | undefined;
  private readonly openedAt = Date.now();
  /** Merges that are being saved because the user said so. */
  private readonly saving = new Set<string>();

  constructor(private readonly app: Pick<ReviewService, 'reviewSides'>) {
    this.disposables.add(this.changed);
    this.disposables.add(this.saved);
    this.disposables.add(
      vscode.workspace.registerFileSystemProvider(REVIEW_SCHEME, this, { isCaseSensitive: true }),
    );
    this.disposables.add(
      vscode.workspace.onWillSaveTextDocument(({ document, reason }) => {
        // A merge that auto-save writes is half done: it decides nothing.
        if (document.uri.scheme === REVIEW_SCHEME && reason === vscode.TextDocumentSaveReason.Manual) {
          this.saving.add(document.uri.toString());
        }
      }),
    );
  }

  /** Forgets what was shown of another look. */
  follow(model: ReviewModel | undefined): void {
    this.model = model;
    this.read.clear();
    this.merged.clear();
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const address = this.address(uri);
    const { length } = await this.content(address);
    const stat = { type: vscode.FileType.File, ctime: this.openedAt, mtime: this.openedAt, size: length };
    return address.side === 'merged'
      ? { ...stat, mtime: Date.now() }
      : { ...stat, permissions: vscode.FilePermission.Readonly };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return this.content(this.address(uri));
  }

  writeFile(uri: vscode.Uri, content: Uint8Array): void {
    const { side, path } = this.address(uri);
    if (side !== 'merged') {
      throw vscode.FileSystemError.NoPermissions(uri);
    }
    const bytes = Buffer.from(content);
    this.merged.set(path, bytes);
    this.changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
    if (this.saving.delete(uri.toString())) {
      this.saved.fire({ path, bytes, isMerged: !hasConflictMarkers(bytes.toString()) });
    }
  }

  /** Nothing but a save changes a document. */
  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  dispose(): void {
    this.disposables.dispose();
  }

  /** A tab can be older than the review, or than the window. */
  private address(uri: vscode.Uri): ReviewAddress {
    const address = readReviewUri(uri);
    if (!address || address.token !== this.model?.review.token) {
      throw vscode.FileSystemError.Unavailable(
        vscode.l10n.t('This review is over. Run "Bring Changes Back…" again.'),
      );
    }
    return address;
  }

  private async content({ path, side }: ReviewAddress): Promise<Buffer> {
    if (side !== 'merged') {
      return this.side(path, side);
    }
    const kept = this.merged.get(path);
    if (kept) {
      return kept;
    }
    const { t } = vscode.l10n;
    const [host, guest] = await Promise.all([this.side(path, 'host'), this.side(path, 'guest')]);
    const labels = { host: t('this computer'), guest: t('VM') };
    return Buffer.from(unmerged(host.toString(), guest.toString(), labels));
  }

  private side(path: string, side: Exclude<ReviewSide, 'merged'>): Promise<Buffer> {
    const { model } = this;
    const change = model?.change(path);
    if (!model || !change) {
      throw vscode.FileSystemError.FileNotFound();
    }
    const key = `${side}/${path}`;
    const known = this.read.get(key);
    if (known !== undefined) {
      return known;
    }
    const sides = hasBytes(change) ? this.app.reviewSides(model.review.token, path) : Promise.resolve({});
    const reading = sides.then((bytes) => sideContent(change, side, bytes, vscode.l10n));
    this.read.set(key, reading);
    // A failure is not kept: the next look may work.
    reading.catch(() => this.read.delete(key));
    for (const oldest of [...this.read.keys()].slice(0, Math.max(0, this.read.size - KEPT))) {
      this.read.delete(oldest);
    }
    return reading;
  }
}
