import type { Container } from 'dockerode';
import { withDeadline } from '../core/deadline';
import { BulkheadError } from '../core/errors';
import type { Engine } from '../image/engine';
import { statusOf } from '../image/engineFailure';
import { runOnce } from '../machine/kvm/containerExec';
import { PROXY_PROGRAMS, wallContainer } from './proxyContainer';

const WHAT = 'The wall in the kernel of the Engine’s host';
const BUILD_MS = 20_000;
const ASK_MS = 10_000;

/**
 * Puts the wall into the network of a running proxy, or takes it out (`open`). Cut off in between it is not there.
 * @param addresses the host's own, as CIDR
 */
export async function buildWall(
  engine: Engine,
  proxy: { id: string; image: string },
  mode: 'shut' | 'open',
  addresses: string[],
  signal: AbortSignal,
): Promise<void> {
  const container = wallContainer(proxy.id, proxy.image, mode, addresses);
  const { exitCode, output } = await runOnce(engine, container, { what: WHAT, ms: BUILD_MS, signal });
  if (exitCode !== 0) {
    // Without it a name server could lead squid to the local network after the check of its addresses.
    throw new BulkheadError(`${WHAT} can’t be built, so the machine stays without a network: ${output}`, {
      kind: 'host',
      next: 'Its kernel needs policy routing (CONFIG_IP_MULTIPLE_TABLES).',
    });
  }
}

/**
 * Whether the wall stands in the network of a proxy, as its kernel says (guest/proxy/wall-stands). Nothing is remembered: whoever
 * changed a proxy last may have been cut off half way. Asked as root without any right, which squid's own account can't interfere with.
 */
export async function wallStands(proxy: Container, signal: AbortSignal): Promise<boolean> {
  return withDeadline({ what: WHAT, ms: ASK_MS, signal }, async () => {
    try {
      const exec = await proxy.exec({
        // By a shell: in a kit that is older than the program, the answer is an exit code too.
        Cmd: ['/bin/bash', '-c', `${PROXY_PROGRAMS}/wall-stands`],
        User: '0:0',
        AttachStdout: true,
      });
      const stream = await exec.start({});
      await new Promise<void>((resolve, reject) => {
        stream.once('end', resolve).once('close', resolve).once('error', reject).resume();
      });
      return (await exec.inspect()).ExitCode === 0;
    } catch (error) {
      // 409: it has ended meanwhile.
      if (statusOf(error) === 409) {
        return false;
      }
      throw error;
    }
  });
}
