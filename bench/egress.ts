import { createApp } from '../src/app';
import { silentLog } from '../src/core/log';
import type { Engine } from '../src/image/engine';
import type { Kit } from '../src/image/kit';
import { inTurn, report } from './measure';

const BYTES = 32 * 2 ** 20;
/** TEST-NET-2 (RFC 5737). */
const SUBNET = '198.51.100.192/26';
const HOST = 'bench.test';

/** A download by the guest through its proxy, and straight through QEMU's user network in the mode `full`. */
export async function benchEgress(engine: Engine, kit: Kit, folder: string, rounds: number): Promise<void> {
  const { docker } = engine;
  const network = `bulkhead-bench-${process.pid}`;
  const made = await docker.createNetwork({ Name: network, IPAM: { Config: [{ Subnet: SUBNET }] } });
  const server = await docker.createContainer({
    Image: kit.id,
    Labels: { 'bulkhead.worker': 'bench' },
    // One answer a connection: as many zeros as it says.
    Entrypoint: [
      'sh',
      '-c',
      `printf 'HTTP/1.0 200 OK\\r\\nContent-Length: ${BYTES}\\r\\n\\r\\n' > /tmp/head
       exec socat -b 65536 TCP-LISTEN:80,fork,reuseaddr SYSTEM:'cat /tmp/head; head -c ${BYTES} /dev/zero'`,
    ],
    Cmd: [],
    User: '0',
    HostConfig: { NetworkMode: network },
    NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [HOST] } } },
  });
  const before = process.env['BULKHEAD_EGRESS_NETWORK'];
  process.env['BULKHEAD_EGRESS_NETWORK'] = network;
  const app = createApp({ log: silentLog, dataDirectory: `${folder}-egress`, proxyCommand: [] });
  let id = '';
  try {
    await server.start();
    await docker.getNetwork('bridge').connect({ Container: server.id });
    const address = (await server.inspect()).NetworkSettings.Networks['bridge']?.IPAddress ?? '';
    const up = await app.up(folder, { overrides: { network: { mode: 'allowlist', allow: [HOST] } } });
    id = up.id;
    const guest = await app.guest(id);
    const fetch = async (url: string, proxied: boolean) => {
      const wget = `/.bulkhead/bin/busybox wget -q -Y ${proxied ? 'on' : 'off'} -O - ${url} | wc -c`;
      const { stdout } = await guest.run({ script: wget }, { cwd: '/', deadlineMs: 120_000 });
      if (Number(stdout.toString()) !== BYTES) {
        throw new Error(`${url}: ${stdout.toString()} bytes instead of ${BYTES}`);
      }
    };
    const measured = await inTurn(
      [
        {
          name: `${BYTES / 2 ** 20} MiB through the proxy, \`allowlist\``,
          prepare: () => app.setNetwork(id, 'allowlist'),
          run: () => fetch(`http://${HOST}/`, true),
        },
        {
          name: 'the same without it, `full`',
          prepare: () => app.setNetwork(id, 'full'),
          run: () => fetch(`http://${address}/`, false),
        },
      ],
      rounds,
    );
    report('a download by the guest', measured, [[0, 1]]);
  } finally {
    if (id !== '') {
      await app.remove(id);
    }
    app.dispose();
    if (before === undefined) {
      delete process.env['BULKHEAD_EGRESS_NETWORK'];
    } else {
      process.env['BULKHEAD_EGRESS_NETWORK'] = before;
    }
    await server.remove({ force: true });
    await made.remove();
  }
}
