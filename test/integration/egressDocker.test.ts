import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { NetworkRow } from '../../src/network/networkService';
import { EgressWorld } from './fixtures/egressWorld';
import { imageRegistry } from './fixtures/imageRegistry';
import { TestMachine } from './fixtures/machine';

/** Debian's own Docker. */
const DOCKERFILE = `FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends docker.io docker-cli && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home dev
`;
const SETTINGS = { build: { dockerfile: 'Dockerfile' }, memory: '1gb', disk: '3gb' };
const IMAGE = 'images.test/left-over:1';
const PROXY = 'http://10.0.2.2:3128';
/** As at boot. */
const tellDocker = (account: string) => `/.bulkhead/bin/tell-docker ${PROXY} "$PWD" ${account}`;
/**
 * Once it has been told, and as from a service: without the variables. dockerd gives a containerd that it starts itself 15 seconds and
 * then ends, which is too little on a busy host under emulation. The kit has no modules for bridges and packet filters.
 */
const START = `
  containerd > /tmp/containerd.log 2>&1 &
  for try in $(seq 150); do
    missing=$(ls /run/containerd/containerd.sock /etc/docker/daemon.json 2>&1 > /dev/null) && break
    sleep 0.5
  done
  [ -z "$missing" ] || { echo "$missing"; exit 1; }
  env -i PATH="$PATH" dockerd --iptables=false --bridge=none > /tmp/dockerd.log 2>&1 &
  for try in $(seq 50); do
    ! docker version > /dev/null 2>&1 || exit 0
    kill -0 $! 2> /dev/null || break
    sleep 0.5
  done
  grep -hv level=info /tmp/containerd.log /tmp/dockerd.log; exit 1`;
/** From a host that is allowed, then from one that is not. */
const FETCH = 'wget -q -O - http://images.test/v2/ && echo && ! wget -q -O - http://elsewhere.test/ 2>&1';
const FETCHED = '{}\nwget: server returned error: HTTP/1.1 403 Forbidden';

let world: EgressWorld;
let machine: TestMachine;

beforeAll(async () => {
  world = await EgressWorld.make(0, ['images.test', 'elsewhere.test'], () => ({}));
  machine = await TestMachine.prepare(
    'docker',
    { '.bulkhead.json': JSON.stringify(SETTINGS), Dockerfile: DOCKERFILE },
    world.env,
  );
  // Docker is a large image.
  await machine.cli.ok(['up', machine.workspace.folder], { deadlineMs: 500_000 });
  const { stdoutBytes: busybox } = await machine.exec(['cat', '/.bulkhead/bin/busybox']);
  const layer = [
    { name: 'bin/sh', mode: 0o755, content: busybox },
    { name: 'bin/wget', type: 'symlink' as const, linkname: 'sh' },
  ];
  await world.serve(await imageRegistry('images.test', { name: 'left-over', tag: '1', layer }));
  const trusted = '/etc/docker/certs.d/images.test';
  // dockerd looks a registry's name up before it asks the proxy; without this it would wait for no answer, 40 seconds a pull.
  await machine.sh(`
    mkdir -p ${trusted}; echo '${world.certificate}' > ${trusted}/ca.crt
    echo '${world.address} images.test elsewhere.test' >> /etc/hosts`);
  expect(await attempt(START)).toEqual({ code: 0, said: '' });
}, 900_000);

afterAll(async () => {
  await machine?.dispose();
  await world?.dispose();
});

/** Exit code and words of a command in the guest. */
async function attempt(script: string): Promise<{ code: number | null; said: string }> {
  const { code, stdout, stderr } = await machine.exec(['/bin/sh', '-c', script]);
  return { code, said: stdout + stderr };
}

async function rows(): Promise<NetworkRow[]> {
  return (await machine.bulkhead('net', '--log', '--json')).lines<NetworkRow>();
}

test('pulls from a registry that is allowed, over TLS, and from no other', async () => {
  const pull = await attempt(`docker pull ${IMAGE}`);
  expect(pull.code).not.toBe(0);
  expect((await rows()).find(({ host }) => host === 'images.test')).toMatchObject({
    port: 443,
    allowed: false,
    reason: 'host',
  });
  await machine.bulkhead('net', '--allow', 'images.test');
  expect(await attempt(`docker pull ${IMAGE}`)).toMatchObject({ code: 0 });
  expect((await attempt('docker pull elsewhere.test/left-over:1')).code).not.toBe(0);
});

test('a container finds the proxy by itself', async () => {
  const script = `echo $HTTP_PROXY $https_proxy $NO_PROXY; ${FETCH}`;
  expect(await machine.sh(`docker run --rm --network host ${IMAGE} /bin/sh -c '${script}'`)).toBe(
    `${PROXY} ${PROXY} localhost,127.0.0.1,::1\n${FETCHED}`,
  );
});

test('so does a build', async () => {
  await machine.sh(`mkdir -p /tmp/b && printf '%s\\n' 'FROM ${IMAGE}' 'RUN ${FETCH}' > /tmp/b/Dockerfile`);
  expect(await machine.sh('docker build --network host -t built /tmp/b')).toContain(`\n${FETCHED}\n`);
});

test('a login is kept beside it', async () => {
  await machine.sh('echo secret | docker login -u me --password-stdin images.test');
  const config = JSON.parse(await machine.sh('cat ~/.docker/config.json'));
  expect(config.auths).toHaveProperty(['images.test']);
  expect(config.proxies.default.httpProxy).toBe(PROXY);
  expect(await machine.sh('stat -c "%a %U" ~/.docker/config.json')).toBe('600 root');
});

test('an account’s file is its own; no link is followed, and nothing is put into the workspace', async () => {
  expect(await machine.sh(`${tellDocker('dev:dev')}; stat -c '%a %U' ~dev/.docker/config.json`)).toBe(
    '600 dev',
  );
  await machine.sh(
    `rm -r ~dev/.docker; mkdir -m 0777 /tmp/elsewhere; ln -s /tmp/elsewhere ~dev/.docker; ${tellDocker('dev')}`,
  );
  await machine.sh(
    `rm ~dev/.docker; mkdir -m 0777 ~dev/.docker; ln -s /tmp/elsewhere/file ~dev/.docker/config.json; ${tellDocker('dev')}`,
  );
  expect(await machine.sh('ls -A /tmp/elsewhere')).toBe('');
  await machine.sh(`mkdir home; chown dev home; usermod -d "$PWD/home" dev; ${tellDocker('dev')}`);
  expect(await machine.sh('ls -A home')).toBe('');
});

test('files of the image’s own stay, and what dockerd refuses is not left there', async () => {
  const files = '/etc/docker/daemon.json /root/.docker/config.json';
  await machine.sh(`for file in ${files}; do echo '{ "own": 1 }' > $file; done; ${tellDocker('root')}`);
  expect(await machine.sh(`cat ${files}`)).toBe('{ "own": 1 }\n{ "own": 1 }');
  // Without its own tools dockerd says no, as one that knows no such key does.
  const asked = "cat /proc/[0-9]*/cmdline | grep -aoe '--valid[a]te'";
  await machine.sh(
    `mv /usr/sbin/docker-proxy /tmp; rm /etc/docker/daemon.json; ${tellDocker('root')}; until ${asked}; do sleep 0.1; done`,
  );
  const left = `ls /etc/docker | grep -v certs.d; ${asked}`;
  await vi.waitUntil(async () => (await attempt(left)).said === '', { timeout: 60_000, interval: 500 });
});
