import { isSafeHostName } from '../../guest/copy/hostName';
import { foldName } from '../dangers/foldName';

const LENGTH_MAX = 200;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it finds
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{/;

/**
 * Whether a branch name of the guest may become the name of a ref, and so of a file, here: what git-check-ref-format(1) allows,
 * and each of its names fit for a file. Nothing that looks like an option.
 */
export function isSafeBranch(name: string): boolean {
  if (
    name === '' ||
    name.length > LENGTH_MAX ||
    name === '@' ||
    FORBIDDEN.test(name) ||
    name.startsWith('-')
  ) {
    return false;
  }
  return name.split('/').every((part) => {
    const ends = part.startsWith('.') || part.endsWith('.') || part.toLowerCase().endsWith('.lock');
    return part !== '' && !ends && isSafeHostName(part) && foldName(part) !== '';
  });
}

export interface Ref {
  branch: string;
  hash: string;
}

/** Without what could not be files beside each other (`a` and `a/b`, `A` and `a`): the first one stays. */
export function compatibleRefs(refs: readonly Ref[]): { kept: Ref[]; dropped: Ref[] } {
  const kept: Ref[] = [];
  const dropped: Ref[] = [];
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const ref of refs) {
    const names = ref.branch.split('/').map(foldName);
    const path = names.join('/');
    const parents = names.slice(0, -1).map((_, depth) => names.slice(0, depth + 1).join('/'));
    if (files.has(path) || folders.has(path) || parents.some((parent) => files.has(parent))) {
      dropped.push(ref);
      continue;
    }
    files.add(path);
    for (const parent of parents) {
      folders.add(parent);
    }
    kept.push(ref);
  }
  return { kept, dropped };
}
