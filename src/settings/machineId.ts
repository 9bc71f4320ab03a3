import { createHash } from 'node:crypto';
import { basename } from 'node:path';

/**
 * The id of the machine that belongs to a folder: `<slug>-<8 hex>`, at most 49 characters of `[a-z0-9-]`.
 * The slug is the folder's base name for people; the hex is the head of SHA-256 over the real path (UTF-8),
 * which tells apart two folders of one name. Lower case, because VS Code lower-cases URI authorities.
 */
export function machineId(folderRealPath: string): string {
  const hash = createHash('sha256').update(folderRealPath).digest('hex').slice(0, 8);
  return `${slugOf(basename(folderRealPath))}-${hash}`;
}

function slugOf(name: string): string {
  const slug = name
    .slice(0, 255)
    .normalize('NFKD')
    // An accent must not split a word: é decomposes into e and a mark.
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, 40)
    .replace(/-$/, '');
  return slug === '' ? 'workspace' : slug;
}
