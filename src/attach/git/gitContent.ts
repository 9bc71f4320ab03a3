import * as vscode from 'vscode';
import { DisposableList } from '../../core/disposables';
import type { GitStatus } from '../../guest/git/gitStatus';
import { GIT_SCHEME, readVersionUri, type VersionAddress } from './gitUri';
import type { SourceControls } from './sourceControls';

/** What git takes for a sign of a binary file: a NUL among the first bytes (xdiff-interface.c). */
const BINARY_LOOK = 8000;

/** Earlier versions of files as read-only documents: the left side of a diff, and what the line marks compare with. */
export function registerGitContent(sources: SourceControls): vscode.Disposable {
  const disposables = new DisposableList();
  const changed = disposables.add(new vscode.EventEmitter<vscode.Uri>());
  /** Which blob or commit an open document shows. */
  const shown = new Map<string, string>();
  disposables.add(
    sources.onDidChange((source) => {
      for (const { uri } of vscode.workspace.textDocuments) {
        const address = readVersionUri(uri);
        if (!address || !source?.status || source.id !== address.id || source.root !== address.root) {
          continue;
        }
        const now = blobOf(source.status, address);
        if (shown.get(uri.toString()) !== now) {
          shown.set(uri.toString(), now);
          changed.fire(uri);
        }
      }
    }),
  );
  disposables.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => void shown.delete(uri.toString())));
  disposables.add(
    vscode.workspace.registerTextDocumentContentProvider(GIT_SCHEME, {
      onDidChange: changed.event,
      async provideTextDocumentContent(uri, token) {
        const address = readVersionUri(uri);
        const source = address && sources.at(address.id, address.root);
        if (!source) {
          throw vscode.FileSystemError.FileNotFound(uri);
        }
        if (source.status) {
          shown.set(uri.toString(), blobOf(source.status, address));
        }
        const controller = new AbortController();
        const cancelling = token.onCancellationRequested(() => controller.abort());
        try {
          const { signal } = controller;
          const bytes = await source.repository.content(address.version, address.path, { signal });
          return bytes === undefined ? '' : textOf(bytes);
        } finally {
          cancelling.dispose();
        }
      },
    }),
  );
  return disposables;
}

/** Changes whenever the version's content may have. */
function blobOf({ branch, changes }: GitStatus, { version, path }: VersionAddress): string {
  const head = branch.head ?? '';
  return version === 'HEAD' ? head : (changes.find((change) => change.path === path)?.indexId ?? head);
}

function textOf(bytes: Buffer): string {
  if (bytes.subarray(0, BINARY_LOOK).includes(0)) {
    return vscode.l10n.t('This version is not text ({0} bytes).', bytes.length);
  }
  const text = bytes.toString();
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
