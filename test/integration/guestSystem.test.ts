import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestMachine } from './fixtures/machine';
import { bareImage } from './fixtures/workspace';

let machine: TestMachine;

beforeAll(async () => {
  machine = await TestMachine.open('guest-system', bareImage({ cpus: 1, memory: '640mb', disk: '3gb' }));
});

afterAll(() => machine?.dispose());

test('has the CPUs, the memory and the disk of the settings', async () => {
  expect(await machine.sh('nproc')).toBe('1');
  const memoryMiB = Number(await machine.sh("awk '/^MemTotal/ {print $2}' /proc/meminfo")) / 1024;
  expect(memoryMiB).toBeGreaterThan(640 * 0.85);
  expect(memoryMiB).toBeLessThanOrEqual(640);
  const disks = await machine.sh('df -B1 --output=size / . | tail -n 2');
  for (const bytes of disks.split('\n').map(Number)) {
    expect(bytes).toBeGreaterThan(2.7 * 2 ** 30);
    expect(bytes).toBeLessThanOrEqual(3 * 2 ** 30);
  }
});

test('mounts what images expect', async () => {
  const mounts = await machine.sh("awk '{print $2, $3}' /proc/mounts");
  expect(mounts.split('\n')).toEqual(
    expect.arrayContaining([
      '/ overlay',
      '/proc proc',
      '/sys sysfs',
      '/dev devtmpfs',
      '/dev/pts devpts',
      '/dev/shm tmpfs',
      '/dev/mqueue mqueue',
      '/sys/fs/cgroup cgroup2',
    ]),
  );
  expect(await machine.sh('stat -c "%a %F" /tmp /dev/shm /run')).toBe(
    '1777 directory\n1777 directory\n755 directory',
  );
  expect(await machine.sh('readlink /dev/fd /dev/stdin /dev/stdout /dev/stderr')).toBe(
    '/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2',
  );
});

test('has devices that anybody may use', async () => {
  const script = `
    for device in null zero full random urandom tty ptmx; do test -c /dev/$device; done
    echo x > /dev/null; head -c 4 /dev/zero | od -An -tx1; echo y | cat /dev/fd/0
    echo z > /tmp/z; cat /tmp/z; echo w > /dev/shm/w; cat /dev/shm/w`;
  expect(await machine.sh(script, ['--user', '1234:1234'])).toBe('00 00 00 00\ny\nz\nw');
});

test('knows its name, its loopback and its resolver', async () => {
  expect(await machine.sh('hostname; cat /etc/hostname')).toBe('guest-system\nguest-system');
  expect(await machine.sh('getent ahostsv4 localhost | head -n 1 | cut -d " " -f 1')).toBe('127.0.0.1');
  expect(await machine.sh('getent ahostsv4 guest-system | head -n 1 | cut -d " " -f 1')).toBe('127.0.0.1');
  expect(await machine.sh('cat /etc/resolv.conf')).toBe('nameserver 10.0.2.3');
  const echo = `
    /.bulkhead/bin/busybox nc -l -p 4242 -e cat & sleep 1
    echo ping | /.bulkhead/bin/busybox nc -w 5 127.0.0.1 4242`;
  expect(await machine.sh(echo)).toBe('ping');
});

test('has a clock and timers that run as fast as the host’s', async () => {
  // Each reading lies between two of the host's, so a slow answer widens the bounds and never breaks them.
  const reading = async () => {
    const before = performance.now();
    const [uptime = ''] = (await machine.sh('cat /proc/uptime')).split(' ');
    return { before, guest: Number(uptime) * 1000, after: performance.now() };
  };
  const first = await reading();
  await machine.sh('sleep 4');
  const second = await reading();
  const guest = second.guest - first.guest;
  expect(guest).toBeLessThan((second.after - first.before) * 1.05 + 20);
  expect(guest).toBeGreaterThan((second.before - first.after) * 0.95 - 20);
  // The guest's timers and its clock are fed by different hardware: four seconds of sleep are four of the host's.
  expect(second.before - first.after).toBeGreaterThan(3_900);
});

test('reaps orphans', async () => {
  // The orphan's parent ends first, so PID 1 inherits it; a zombie would keep its folder in /proc.
  const script = `
    sh -c '(sleep 0.5; grep ^PPid: /proc/self/status > /tmp/parent) & echo $! > /tmp/orphan'
    orphan=$(cat /tmp/orphan)
    test -e /proc/$orphan
    for i in $(seq 100); do test -e /proc/$orphan || break; sleep 0.1; done
    cat /tmp/parent
    test ! -e /proc/$orphan && echo reaped
    cat /proc/[0-9]*/stat | sed 's/.*) //' | grep -c ^Z || true`;
  const [parent, ...rest] = (await machine.sh(script)).split('\n');
  expect(parent).toMatch(/^PPid:\s+\d+$/);
  expect(rest).toEqual(['reaped', '0']);
});

test('runs user code outside of init’s cgroup, so that it can be frozen', async () => {
  expect(await machine.sh('cat /proc/self/cgroup')).toBe('0::/user');
  expect(await machine.sh('cat /proc/1/cgroup')).toBe('0::/');
});

test('shows no secret of the machine to a user of the image', async () => {
  const peek = 'cat /.bulkhead/run/config/* /.bulkhead/state/* 2>/dev/null | wc -c';
  expect(await machine.sh(peek, ['--user', '1234:1234'])).toBe('0');
});
