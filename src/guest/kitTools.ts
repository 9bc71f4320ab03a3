import type { Guest } from './guest';

/** Where the kit's own programs lie in the guest: they work in any image, with or without a libc or a shell. */
export const KIT_TOOLS = '/.bulkhead/bin';

/** Absolute guest paths of the tools. A test's guest may keep them elsewhere. */
export function kitTools(guest: Guest & { readonly toolsFolder?: string }): {
  busybox: string;
  tar: string;
  inotifywait: string;
  /** guest/agent/tree.c */
  tree: string;
} {
  const folder = guest.toolsFolder ?? KIT_TOOLS;
  return {
    busybox: `${folder}/busybox`,
    tar: `${folder}/tar`,
    inotifywait: `${folder}/inotifywait`,
    tree: `${folder}/tree`,
  };
}
