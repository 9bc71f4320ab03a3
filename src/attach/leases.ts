import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Disposable } from '../core/disposables';
import { codeOf } from '../core/errors';

/** Milliseconds for which a machine without a window is left alone: a window that reloads is back by then. */
export const RELEASE_GRACE_MS = 8000;
/** The same for a window that is about to show the machine: it has to load first. */
export const HAND_OVER_GRACE_MS = 60_000;

/**
 * Which windows hold a machine: one empty file a window, `<folder>/<machine id>/<pid of its extension host>`.
 * Synchronous, because a closing window has no time for promises.
 */
export function takeLease(folder: string, id: string, pid = process.pid): Disposable {
  const file = join(folder, id, String(pid));
  mkdirSync(join(folder, id), { recursive: true, mode: 0o700 });
  writeFileSync(file, '', { mode: 0o600 });
  return { dispose: () => rmSync(file, { force: true }) };
}

/** True if a window whose process lives holds the machine. Leases of dead processes are removed. */
export function isLeased(folder: string, id: string): boolean {
  let leased = false;
  for (const name of names(join(folder, id))) {
    if (/^[1-9]\d{0,9}$/.test(name) && isAlive(Number(name))) {
      leased = true;
    } else {
      rmSync(join(folder, id, name), { force: true });
    }
  }
  return leased;
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return [];
    }
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return codeOf(error) === 'EPERM';
  }
}
