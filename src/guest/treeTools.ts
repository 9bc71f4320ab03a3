import { FileError } from './fileError';
import type { Guest } from './guest';
import type { FileErrorCode } from './guestFiles';

const TREE_MS = 600_000;

/** strerror(3) texts at the end of busybox's messages. */
const REASONS: [RegExp, FileErrorCode][] = [
  [/No such file or directory/, 'ENOENT'],
  [/Permission denied|Operation not permitted|Read-only file system/, 'EACCES'],
  [/File exists/, 'EEXIST'],
  [/Not a directory/, 'ENOTDIR'],
  [/Is a directory/, 'EISDIR'],
];

/** Runs one of the kit's tools over a tree in the guest; a failure becomes a `FileError`. */
export async function runTreeTool(
  guest: Guest,
  argv: [string, ...string[]],
  context: { what: string; path: string; user: string | undefined; signal: AbortSignal | undefined },
): Promise<void> {
  const output = await guest.run(
    { argv },
    {
      cwd: '/',
      maxBytes: 4096,
      deadlineMs: TREE_MS,
      ...(context.user !== undefined && { user: context.user }),
      ...(context.signal && { signal: context.signal }),
    },
  );
  if (output.code !== 0) {
    const said = output.stderr.toString().trim().split('\n').at(-1) ?? '';
    const code = REASONS.find(([pattern]) => pattern.test(said))?.[1] ?? 'EIO';
    throw new FileError(code, context.what, context.path, said || `exit code ${output.code}`);
  }
}
