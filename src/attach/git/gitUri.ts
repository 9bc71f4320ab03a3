import * as vscode from 'vscode';
import { isInside } from '../../guest/guestPath';
import { relativePath } from './gitPaths';

/** Scheme of a file's earlier version: `bulkhead-git://<machine id>/<absolute guest path>?<version and root>`. */
export const GIT_SCHEME = 'bulkhead-git';

/** The last commit, or the index. */
export type Version = 'HEAD' | ':0';

export interface VersionAddress {
  id: string;
  root: string;
  /** Relative to the root. */
  path: string;
  version: Version;
}

export function versionUri(id: string, root: string, absolute: string, version: Version): vscode.Uri {
  return vscode.Uri.from({
    scheme: GIT_SCHEME,
    authority: id,
    path: absolute,
    query: JSON.stringify({ root, version }),
  });
}

/** Undefined for a URI that `versionUri` did not make. */
export function readVersionUri(uri: vscode.Uri): VersionAddress | undefined {
  let query: unknown;
  try {
    query = JSON.parse(uri.query);
  } catch {
    return undefined;
  }
  const { root, version } = (query ?? {}) as { root?: unknown; version?: unknown };
  if (
    uri.scheme !== GIT_SCHEME ||
    typeof root !== 'string' ||
    (version !== 'HEAD' && version !== ':0') ||
    uri.path === root ||
    !isInside(root, uri.path)
  ) {
    return undefined;
  }
  return { id: uri.authority, root, path: relativePath(root, uri.path), version };
}
