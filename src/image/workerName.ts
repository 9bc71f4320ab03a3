import { randomBytes } from 'node:crypto';

const NAME = /^\/bulkhead-worker-[a-z]+-[0-9a-f]{12}$/;

/**
 * The name of a container of ours that lives for a moment. By names, and not by labels, what is ours is told from what is the
 * user's: every container of an image has the image's labels, and an image can have any.
 */
export function workerName(kind: string): string {
  return `bulkhead-worker-${kind}-${randomBytes(6).toString('hex')}`;
}

/** `names` as the Engine lists them, with a leading slash. */
export function isWorkerName(names: readonly string[]): boolean {
  return names.some((name) => NAME.test(name));
}
