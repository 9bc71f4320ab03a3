import type { Guest } from './guest';
import { kitTools } from './kitTools';

/** Programs of the image that search: absolute guest paths, as the guest's own PATH finds them. */
export interface SearchTools {
  rg?: string;
  git?: string;
  grep?: string;
  find?: string;
  /** The kit's: it is in every guest. */
  busybox: string;
}

const NAMES = ['rg', 'git', 'grep', 'find'] as const;
const KIT = '/.bulkhead/';
const LOOK_MS = 30_000;
/** Tools may be installed meanwhile. */
const FRESH_MS = 60_000;

const found = new WeakMap<Guest, { at: number; tools: Promise<SearchTools> }>();

/** What the image has; asked again after a minute. */
export function searchTools(guest: Guest): Promise<SearchTools> {
  const known = found.get(guest);
  if (known && performance.now() - known.at < FRESH_MS) {
    return known.tools;
  }
  const tools = lookFor(guest);
  found.set(guest, { at: performance.now(), tools });
  tools.catch(() => found.delete(guest));
  return tools;
}

async function lookFor(guest: Guest): Promise<SearchTools> {
  const { busybox } = kitTools(guest);
  // Exits with 1 if one of them is missing.
  const { stdout } = await guest.run(
    { argv: [busybox, 'which', ...NAMES] },
    { maxBytes: 16_384, deadlineMs: LOOK_MS },
  );
  const tools: SearchTools = { busybox };
  for (const path of stdout.toString().split('\n')) {
    const name = NAMES.find((each) => path.startsWith('/') && path.endsWith(`/${each}`));
    // Where the image lacks them, the kit's applets are on the PATH: those are busybox, whatever they are called.
    if (name && tools[name] === undefined && !path.includes('\0') && !path.startsWith(KIT)) {
      tools[name] = path;
    }
  }
  return tools;
}
