/** Scheme of a folder in a machine: `bulkhead://<machine id>/<absolute guest path>`. */
export const SCHEME = 'bulkhead';

/** A machine's id (see `MachineSpec.id`). VS Code lower-cases authorities, so ids have no upper case. */
const MACHINE_ID = /^[a-z0-9-]{1,63}$/;

/** The parts of a `vscode.Uri` that are looked at here. */
export interface UriParts {
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
}

/** The machine that a URI lies in, or undefined for any other URI. */
export function machineIdOf(uri: UriParts): string | undefined {
  return uri.scheme === SCHEME && MACHINE_ID.test(uri.authority) ? uri.authority : undefined;
}

/** The URI's path as the guest knows it: absolute, without a slash at its end. Undefined if no guest has such a path. */
export function guestPathOf(uri: UriParts): string | undefined {
  if (!uri.path.startsWith('/') || uri.path.includes('\0')) {
    return uri.path === '' ? '/' : undefined;
  }
  return uri.path.length > 1 && uri.path.endsWith('/') ? uri.path.replace(/\/+$/, '') || '/' : uri.path;
}

/** True if `path` is `folder` or lies under it (both absolute guest paths, as text: no link is followed). */
export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}
