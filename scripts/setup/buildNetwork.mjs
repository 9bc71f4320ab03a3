// Whether a container on Docker's bridge reaches the package archive; where it can't, builds use the host's network.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BASE_IMAGE } from './baseImage.mjs';
import { CACHE, capture, say } from './run.mjs';

/** Asks the first archive of the image's own apt for an HTTP answer, with nothing but bash: exit 0 if there is one. */
const PROBE = `
uri=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -v '^#' | grep -oE 'https?://[^ ]+' | head -n 1)
rest=\${uri#*://}; authority=\${rest%%/*}; host=\${authority%:*}; port=80; greeting='HEAD / HTTP/1.0\\r\\nHost: %s\\r\\n\\r\\n'
case $uri in https:*) port=443; greeting= ;; esac
case $authority in *:*) port=\${authority##*:} ;; esac
timeout 6 bash -c '
  exec 3<>"/dev/tcp/$0/$1" || exit 1
  [ -n "$2" ] || exit 0   # TLS: a connection has to do.
  printf "$2" "$0" >&3
  read -r answer <&3; [ "\${answer#HTTP/}" != "$answer" ]
' "$host" "$port" "$greeting"
`;

/** @returns {Promise<NodeJS.ProcessEnv>} `BULKHEAD_BUILD_NETWORK`, if builds need another network than Docker's default. */
export async function buildNetworkEnvironment() {
  if (process.env.BULKHEAD_BUILD_NETWORK) {
    return {};
  }
  const path = join(CACHE, 'build-network.json');
  const key = await cacheKey();
  const known = await readFile(path, 'utf8')
    .then(JSON.parse)
    .catch(() => undefined);
  let network = known?.key === key ? known.network : undefined;
  if (network === undefined) {
    network = await probe();
    if (network !== undefined) {
      await mkdir(CACHE, { recursive: true });
      await writeFile(path, JSON.stringify({ key, network }));
    }
  }
  return network === 'host' ? { BULKHEAD_BUILD_NETWORK: 'host' } : {};
}

async function probe() {
  const bridge = await ask('bridge');
  if (bridge.code === 0) {
    return 'default';
  }
  const host = await ask('host');
  if (host.code === 0) {
    say('set-up: containers on the bridge have no way out; image builds use the host’s network');
    return 'host';
  }
  say(
    'set-up: no container reaches the package archive, so image builds that install packages will fail:\n' +
      `${bridge.stderr}${host.stderr}`.trim().replace(/^/gm, '  '),
  );
  return undefined;
}

/** @param {string} network */
function ask(network) {
  const argv = ['docker', 'run', '--rm', '--network', network, BASE_IMAGE, 'bash', '-c', PROBE];
  return capture(argv, { timeoutMs: 20_000 });
}

/** Holds until the machine restarts or another engine is used. */
async function cacheKey() {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const engine = await capture(['docker', 'info', '--format', '{{.ID}}']);
  return `${boot.trim()} ${engine.stdout.trim()}`;
}
