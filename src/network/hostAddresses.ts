import { BulkheadError } from '../core/errors';
import type { Engine } from '../image/engine';
import type { WaitOptions } from '../machine/hypervisor';
import { runOnce } from '../machine/kvm/containerExec';
import { onceContainer } from '../machine/kvm/jail';

/** More than any host has that is meant, and less than the output of a container that `runOnce` keeps (1000 lines). */
const ADDRESSES_MAX = 800;
const [BEGIN, END] = ['begin', 'end'];
/**
 * The kernel's own list of what is delivered locally. A host without IPv6 has none of its addresses. Each cable to a container has a
 * link-local one, which guest/proxy/walled has as a whole.
 */
const LOOK = `set -euo pipefail
echo ${BEGIN}
ip -4 -o route show table local type local
[[ ! -e /proc/net/if_inet6 ]] || ip -6 -o route show table local type local | sed '/^local fe[89ab].:/d'
echo ${END}`;

/**
 * The Engine host's own addresses, as CIDR. A container without any right asks the kernel in the host's network namespace for them,
 * as the Engine may be on another computer.
 * @throws BulkheadError if the list is not whole: an address that is missing would be one that a machine reaches
 */
export async function readHostAddresses(
  engine: Engine,
  kitImage: string,
  options: WaitOptions,
): Promise<string[]> {
  const look = onceContainer(kitImage, ['/bin/bash', '-c', LOOK], { memoryBytes: 32 * 2 ** 20 });
  const inHost = { ...look, HostConfig: { ...look.HostConfig, NetworkMode: 'host' } };
  const what = 'The addresses of the Engine’s host';
  const { exitCode, output } = await runOnce(engine, inHost, { what, ms: 20_000, ...options });
  if (exitCode !== 0) {
    throw new BulkheadError(`${what} can’t be read: ${output.slice(-300)}`);
  }
  return parseHostAddresses(output);
}

/**
 * `local <address or range> dev …` (iproute2, one route a line) between `begin` and `end`, each once.
 * @throws BulkheadError if it is anything else, or too much
 */
export function parseHostAddresses(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  if (lines.shift() !== BEGIN || lines.pop() !== END) {
    throw new BulkheadError('The list of the host’s own addresses was cut off');
  }
  const found = new Set(lines.map(addressOf));
  if (found.size === 0 || found.size > ADDRESSES_MAX) {
    throw new BulkheadError(
      `The host has ${found.size} addresses of its own; between 1 and ${ADDRESSES_MAX} can be kept from a machine`,
    );
  }
  return [...found];
}

function addressOf(line: string): string {
  const [, v4, v6, bits] =
    /^local (?:(\d{1,3}(?:\.\d{1,3}){3})|([0-9a-f:]{2,39}(?:\d{1,3}(?:\.\d{1,3}){3})?))(?:\/(\d{1,3}))?(?: |$)/.exec(
      line,
    ) ?? [];
  const address = v4 ?? v6;
  if (address === undefined) {
    throw new BulkheadError(`The host’s own addresses can’t be read: “${line.slice(0, 80)}” is none`);
  }
  return `${address}/${bits ?? (v4 === undefined ? 128 : 32)}`;
}
