import type { Memory } from '../../../src/attach/hostFolders';

/** A Memento that keeps JSON, as VS Code's does. */
export function fakeMemory(): Memory & { entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return {
    entries,
    get: <T>(key: string) => {
      const text = entries.get(key);
      return text === undefined ? undefined : (JSON.parse(text) as T);
    },
    update: async (key, value) => {
      if (value === undefined) {
        entries.delete(key);
      } else {
        entries.set(key, JSON.stringify(value));
      }
    },
  };
}
