import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OnClose } from '../settings/workspaceSpec';

/** Where the choices for machines lie (see machineChoices.ts): one file a machine. */
export function choicesFolder(dataDirectory: string): string {
  return join(dataDirectory, 'choices');
}

export function choicesFile(dataDirectory: string, id: string): string {
  return join(choicesFolder(dataDirectory), `${id}.json`);
}

/**
 * What the user chose for a machine, for a window that closes: that has no time for promises, and the services may be
 * gone already. Never throws; undefined if there is no choice.
 */
export function chosenOnClose(file: string): OnClose | undefined {
  try {
    const choices: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const chosen = typeof choices === 'object' && choices !== null && 'onClose' in choices && choices.onClose;
    return chosen === 'suspend' || chosen === 'stop' || chosen === 'keep' ? chosen : undefined;
  } catch {
    // A damaged file has been told of when the machine was read; nobody is left to hear of it here.
    return undefined;
  }
}
