import { parseExcludes } from '../guest/exclude';

/**
 * A path of `--path`: a file, a folder with all that is in it, or a pattern with `*`, `?` (within one name) and `**`. Always
 * from the root of the workspace.
 */
export function matchesPath(pattern: string, path: string): boolean {
  return parseExcludes([`/${pattern.replace(/^\.?\/+/, '').replace(/^!/, '?')}`]).excludes(path);
}
