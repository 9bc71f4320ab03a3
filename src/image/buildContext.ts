import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir, readFile, readlink } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import ignore, { type Ignore } from '@balena/dockerignore';
import { type Pack, pack } from 'tar-stream';
import { throwIfAborted } from '../core/deadline';
import { BulkheadError, CancelledError, codeOf, messageOf } from '../core/errors';

/** One file, folder or symlink of a build context. `path` is relative, with slashes. */
export interface ContextEntry {
  path: string;
  type: 'file' | 'directory' | 'symlink';
  /** Permission bits. */
  mode: number;
  size: number;
  mtime: Date;
  linkname?: string;
}

/** What a build sends to the Engine, as Docker would. */
export interface BuildContext {
  folder: string;
  /** Name of the Dockerfile inside of the archive. */
  dockerfile: string;
  dockerfileText: string;
  entries: ContextEntry[];
  /** Files that are only in the archive: a Dockerfile from outside, or the ignore file that hides it again. */
  extra: { path: string; content: string }[];
}

const MAX_ENTRIES = 500_000;
const MAX_BYTES = 32 * 2 ** 30;
const MAX_DOCKERFILE = 4 * 2 ** 20;

/**
 * Lists a build context as Docker does: `<Dockerfile>.dockerignore` goes before `.dockerignore`, negations count,
 * symlinks stay symlinks, sockets, pipes and devices are left out. The Dockerfile is always sent; where the ignore file
 * hides it, the classic builder is told to take it out of the context again.
 */
export async function readBuildContext(
  folder: string,
  dockerfile: string,
  signal?: AbortSignal,
): Promise<BuildContext> {
  const dockerfileText = await readBounded(dockerfile);
  const own = relative(folder, dockerfile).split(sep).join('/');
  const inside = own !== '' && !own.startsWith('../') && own !== '..' && !isAbsolute(own);
  const ignoreText =
    (await readIfThere(`${dockerfile}.dockerignore`)) ?? (await readIfThere(join(folder, '.dockerignore')));
  const rules = ignore({ ignorecase: false }).add(ignoreText ?? '');
  const entries = await walk(folder, rules, ignoreText ?? '', signal);
  if (inside && entries.some(({ path }) => path === own)) {
    return { folder, dockerfile: own, dockerfileText, entries, extra: [] };
  }
  // Docker's own way for a Dockerfile that isn't part of the context (docker/cli, AddDockerfileToBuildContext): an odd
  // name, and an ignore file with that name in it. Fixed per content, so that the build cache holds.
  const name = `.dockerfile.${createHash('sha256').update(dockerfileText).digest('hex').slice(0, 20)}`;
  const hasIgnore = entries.some(({ path }) => path === '.dockerignore');
  const content = hasIgnore ? `${ignoreText}\n${name}\n` : `${name}\n.dockerignore\n`;
  const extra = [
    { path: name, content: dockerfileText },
    { path: '.dockerignore', content },
  ];
  return { folder, dockerfile: name, dockerfileText, entries, extra };
}

async function walk(
  folder: string,
  rules: Ignore,
  ignoreText: string,
  signal: AbortSignal | undefined,
): Promise<ContextEntry[]> {
  const entries: ContextEntry[] = [];
  const negated = ignoreText
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('!'))
    .map((line) =>
      line
        .slice(1)
        .trim()
        .replace(/^\.?\/+/, ''),
    );
  let bytes = 0;
  const visit = async (path: string): Promise<void> => {
    throwIfAborted(signal);
    const names = await readdir(join(folder, path));
    for (const name of names.sort()) {
      const child = path === '' ? name : `${path}/${name}`;
      const stats = await lstatNamed(join(folder, child), child);
      const ignored = rules.ignores(child);
      const entry = ignored ? undefined : await entryOf(folder, child, stats);
      if (entry) {
        entries.push(entry);
        bytes += entry.size;
      }
      if (entries.length > MAX_ENTRIES || bytes > MAX_BYTES) {
        throw new BulkheadError(
          `The build context ${folder} is too large (${entries.length} files, ${bytes} bytes)`,
          {
            kind: 'usage',
            next: 'Leave out what the build does not need in .dockerignore.',
          },
        );
      }
      if (stats.isDirectory() && (!ignored || negated.some((pattern) => mayLieIn(pattern, child)))) {
        await visit(child);
      }
    }
  };
  await visit('');
  return entries;
}

/** Could a negated pattern match something below this folder? Wildcards could match anything. */
function mayLieIn(pattern: string, folder: string): boolean {
  const wild = pattern.search(/[*?[\\]/);
  const fixed = wild < 0 ? pattern : pattern.slice(0, wild);
  return `${fixed}/`.startsWith(`${folder}/`) || (wild >= 0 && `${folder}/`.startsWith(fixed));
}

async function lstatNamed(path: string, name: string): Promise<Stats> {
  try {
    return await lstat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && name.includes('\ufffd')) {
      throw new BulkheadError(
        `The build context has a file whose name is not UTF-8: ${JSON.stringify(name)}`,
        {
          kind: 'usage',
          next: 'Rename it.',
        },
      );
    }
    throw contextFailure(error);
  }
}

async function entryOf(folder: string, path: string, stats: Stats): Promise<ContextEntry | undefined> {
  // Windows has no permission bits; Docker's CLI sends everything as executable.
  const mode = process.platform === 'win32' ? 0o755 : stats.mode & 0o7777;
  const common = { path, mode, size: 0, mtime: stats.mtime };
  if (stats.isSymbolicLink()) {
    return { ...common, type: 'symlink', mode: 0o777, linkname: await readlink(join(folder, path)) };
  }
  if (stats.isDirectory()) {
    return { ...common, type: 'directory' };
  }
  return stats.isFile() ? { ...common, type: 'file', size: stats.size } : undefined;
}

/** The context as a tar stream (ustar with PAX where needed), owned by root as Docker sends it. */
export function packBuildContext(
  context: BuildContext,
  options: { buildKit?: boolean; signal?: AbortSignal | undefined } = {},
): Readable {
  const { signal } = options;
  const archive = pack();
  // Only the classic builder takes files out of a context again.
  const extra = options.buildKit
    ? context.extra.filter(({ path }) => path !== '.dockerignore')
    : context.extra;
  const stop = () => archive.destroy(new CancelledError());
  signal?.addEventListener('abort', stop, { once: true });
  const fill = async () => {
    const replaced = new Set(extra.map(({ path }) => path));
    for (const entry of context.entries) {
      throwIfAborted(signal);
      if (!replaced.has(entry.path)) {
        await packEntry(archive, context.folder, entry);
      }
    }
    for (const { path, content } of extra) {
      archive.entry({ name: path, mode: 0o600, mtime: new Date(0) }, content);
    }
    archive.finalize();
  };
  fill()
    .catch((error: unknown) => archive.destroy(error instanceof Error ? error : new Error(messageOf(error))))
    .finally(() => signal?.removeEventListener('abort', stop));
  return archive as unknown as Readable;
}

async function packEntry(archive: Pack, folder: string, entry: ContextEntry): Promise<void> {
  const { path: name, type, mode, mtime, size } = entry;
  const header = { name, type, mode, mtime, size, uid: 0, gid: 0 };
  if (type !== 'file') {
    archive.entry({ ...header, ...(entry.linkname !== undefined && { linkname: entry.linkname }) });
    return;
  }
  const sink = archive.entry(header) as unknown as Writable;
  const done = new Promise<void>((resolve, reject) => {
    sink.on('finish', () => resolve());
    sink.on('error', reject);
    sink.on('close', () => reject(new Error('the archive was closed')));
  });
  done.catch(() => undefined);
  for await (const chunk of fileChunks(folder, entry)) {
    if (!sink.write(chunk)) {
      await Promise.race([new Promise<void>((resolve) => sink.once('drain', () => resolve())), done]);
    }
  }
  sink.end();
  await done;
}

/** Exactly the bytes that were counted, never through a symlink that took the file's place. */
async function* fileChunks(folder: string, entry: ContextEntry): AsyncGenerator<Buffer> {
  const file = await open(join(folder, entry.path), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)).catch(
    (error: unknown) => {
      throw contextFailure(error);
    },
  );
  try {
    let left = entry.size;
    while (left > 0) {
      const buffer = Buffer.allocUnsafe(Math.min(left, 256 * 1024));
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) {
        throw new BulkheadError(`${entry.path} changed while the build context was read`, {
          next: 'Try again.',
        });
      }
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** SHA-256 (hex) over all that the build can see of the context; times don't count, as they don't for Docker. */
export async function hashBuildContext(context: BuildContext, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([context.dockerfile, context.dockerfileText, context.extra]));
  for (const entry of context.entries) {
    throwIfAborted(signal);
    hash.update(JSON.stringify([entry.path, entry.type, entry.mode, entry.linkname ?? '', entry.size]));
    if (entry.type === 'file' && entry.size > 0) {
      for await (const chunk of fileChunks(context.folder, entry)) {
        hash.update(chunk);
      }
    }
  }
  return hash.digest('hex');
}

async function readBounded(path: string): Promise<string> {
  try {
    const stats = await lstat(path);
    if (stats.isFile() && stats.size <= MAX_DOCKERFILE) {
      return await readFile(path, 'utf8');
    }
  } catch (error) {
    throw new BulkheadError(`The Dockerfile ${path} can't be read: ${messageOf(error)}`, {
      kind: 'usage',
      cause: error,
      next: `Add ${basename(path)} to ${dirname(path)}, or name another one in the settings.`,
    });
  }
  throw new BulkheadError(`The Dockerfile ${path} is not a regular file of at most 4 MiB`, { kind: 'usage' });
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    const stats = await lstat(path);
    return stats.isFile() && stats.size <= MAX_DOCKERFILE ? await readFile(path, 'utf8') : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return undefined;
    }
    throw contextFailure(error);
  }
}

function contextFailure(error: unknown): BulkheadError {
  return new BulkheadError(`The build context can't be read: ${messageOf(error)}`, {
    kind: 'usage',
    cause: error,
    next: 'Correct its permissions, or leave it out in .dockerignore.',
  });
}
