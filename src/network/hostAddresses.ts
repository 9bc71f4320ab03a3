import type { Engine } from '../image/engine';
import type { WaitOptions } from '../machine/hypervisor';
import { runOnce } from '../machine/kvm/containerExec';
import { onceContainer } from '../machine/kvm/jail';

const ADDRESSES_MAX = 512;

/**
 * The Engine host's own addresses, as CIDR. A container without any right looks into the host's network namespace for them
 * (`/proc/net`), as the Engine may be on another computer.
 */
export async function readHostAddresses(
  engine: Engine,
  kitImage: string,
  options: WaitOptions,
): Promise<string[]> {
  const look = onceContainer(kitImage, ['/bin/cat', '/proc/net/fib_trie', '/proc/net/if_inet6'], {
    memoryBytes: 32 * 2 ** 20,
  });
  const inHost = { ...look, HostConfig: { ...look.HostConfig, NetworkMode: 'host' } };
  const what = 'The addresses of the Engine’s host';
  // A host without IPv6 has no if_inet6; cat says so and prints the rest.
  return parseHostAddresses((await runOnce(engine, inHost, { what, ms: 20_000, ...options })).output);
}

/**
 * Local addresses in `fib_trie` (the line after an address says `/32 host LOCAL`) and in `if_inet6` (32 hex digits, then the
 * interface's index, the prefix length, scope, flags and name).
 */
export function parseHostAddresses(text: string): string[] {
  const found = new Set<string>();
  let last = '';
  for (const line of text.split('\n')) {
    const address = /^[ |]*\|--[ ]?(\d{1,3}(?:\.\d{1,3}){3})$/.exec(line.trimEnd())?.[1];
    const hex = /^([0-9a-f]{32}) [0-9a-f]{2} [0-9a-f]{2} [0-9a-f]{2} [0-9a-f]{2} +\S+$/.exec(
      line.trim(),
    )?.[1];
    if (address !== undefined) {
      last = address;
    } else if (last !== '' && /^\s*\/32 host LOCAL$/.test(line.trimEnd())) {
      found.add(`${last}/32`);
    } else if (hex !== undefined) {
      found.add(`${hex.match(/.{4}/g)?.join(':')}/128`);
    }
  }
  return [...found].slice(0, ADDRESSES_MAX);
}
