import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { type Pack, pack } from 'tar-stream';
import { throwIfAborted } from '../core/deadline';
import { BulkheadError, CancelledError, codeOf, messageOf } from '../core/errors';
import { NotInsideError, openRegularFile, readFolder, readSmallFile } from '../core/regularFile';
import { type IgnoreRules, parseIgnoreFile } from './dockerignore';

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
  /** A real path: nothing is read outside of it. */
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
 *
 * `within`: a real path that both must lie in when they are read, whatever was there when the settings were checked.
 */
export async function readBuildContext(
  named: string,
  dockerfile: string,
  options: { signal?: AbortSignal | undefined; within?: string } = {},
): Promise<BuildContext> {
  const { signal, within } = options;
  const folder = await realContext(named, within);
  const dockerfileText = await readBounded(dockerfile, within);
  const own = relative(named, dockerfile).split(sep).join('/');
  const inside = own !== '' && !own.startsWith('../') && own !== '..' && !isAbsolute(own);
  const ignoreText =
    (await readIfThere(`${dockerfile}.dockerignore`, within)) ??
    (await readIfThere(join(folder, '.dockerignore'), folder));
  const entries = await walk(folder, parseIgnoreFile(ignoreText ?? ''), signal);
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

/** All of a folder, as a context without an ignore file has it. */
export async function listContext(
  named: string,
  options: { signal?: AbortSignal | undefined; within?: string } = {},
): Promise<{ folder: string; entries: ContextEntry[] }> {
  const folder = await realContext(named, options.within);
  return { folder, entries: await walk(folder, parseIgnoreFile(''), options.signal) };
}

async function realContext(folder: string, within: string | undefined): Promise<string> {
  let real: string;
  try {
    real = await realpath(folder);
  } catch (error) {
    throw contextFailure(error);
  }
  if (within !== undefined && real !== within && !real.startsWith(`${within}${sep}`)) {
    throw contextFailure(new Error(`${folder} leads out of the workspace`));
  }
  return real;
}

async function walk(
  folder: string,
  rules: IgnoreRules,
  signal: AbortSignal | undefined,
): Promise<ContextEntry[]> {
  const entries: ContextEntry[] = [];
  let bytes = 0;
  const visit = async (path: string): Promise<void> => {
    throwIfAborted(signal);
    const names = await readFolder(join(folder, path), folder).catch((error: unknown) => {
      throw contextFailure(error);
    });
    for (const name of names) {
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
      if (stats.isDirectory() && (!ignored || rules.negated.some((pattern) => mayLieIn(pattern, child)))) {
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
    const linkname = await readlink(join(folder, path)).catch((error: unknown) => {
      throw contextFailure(error);
    });
    return { ...common, type: 'symlink', mode: 0o777, linkname };
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
export async function* fileChunks(folder: string, entry: ContextEntry): AsyncGenerator<Buffer> {
  const { file } = await openRegularFile(join(folder, entry.path), folder).catch((error: unknown) => {
    throw contextFailure(error);
  });
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

async function readBounded(path: string, within: string | undefined): Promise<string> {
  try {
    return (await readSmallFile(path, MAX_DOCKERFILE, within)).toString();
  } catch (error) {
    throw new BulkheadError(`The Dockerfile ${path} can't be read: ${messageOf(error)}`, {
      kind: 'usage',
      cause: error,
      next: `Add ${basename(path)} to ${dirname(path)} (a regular file of at most 4 MiB), or name another one in the settings.`,
    });
  }
}

/** An ignore file that is a link, a pipe or too large is none, as long as nothing is read that does not lie here. */
async function readIfThere(path: string, within: string | undefined): Promise<string | undefined> {
  try {
    return (await readSmallFile(path, MAX_DOCKERFILE, within)).toString();
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ELOOP' || error instanceof NotInsideError) {
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
