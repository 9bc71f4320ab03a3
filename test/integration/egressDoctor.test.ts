import type Docker from 'dockerode';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DoctorFinding } from '../../src/app';
import { egress, egressFinding } from '../../src/app/doctor/egress';
import { runOnce } from '../../src/machine/kvm/containerExec';
import { wallTrial } from '../../src/network/proxyContainer';
import { Cli } from './fixtures/cli';
import { engine, kitImage } from './fixtures/machine';

/** Nothing is sent anywhere in them. */
const SHUT = `bulkhead-test-doctor-shut-${process.pid}`;
const OPEN = `bulkhead-test-doctor-open-${process.pid}`;

const networks: Docker.Network[] = [];

beforeAll(async () => {
  const { docker } = await engine();
  for (const [name, internal] of [
    [SHUT, true],
    [OPEN, false],
  ] as const) {
    const made = await docker.createNetwork({ Name: name, CheckDuplicate: true, Internal: internal });
    networks.push(made as unknown as Docker.Network);
  }
});

afterAll(async () => {
  for (const network of networks) {
    await network.remove();
  }
});

async function look(network: string, dns?: string[]): Promise<DoctorFinding | undefined> {
  const kit = { id: await kitImage() };
  const [finding] = await egress(await engine(), kit, { network, ...(dns && { dns }) }, {});
  return finding;
}

test('a network with a way out, and the wall in it, is fine', async () => {
  expect(await look(OPEN)).toMatchObject({ id: 'egress', status: 'ok' });
});

test('one without a way out is a warning', async () => {
  expect(await look(SHUT)).toMatchObject({
    status: 'warning',
    message: expect.stringContaining('no way out'),
  });
});

test('name servers that have no address are refused', async () => {
  await expect(look(OPEN, ['not-an-address'])).rejects.toThrow('BULKHEAD_EGRESS_DNS names not-an-address');
});

test('a container that may not have routes is told in the kernel’s words', async () => {
  const trial = wallTrial(await kitImage(), OPEN);
  const without = { ...trial, HostConfig: { ...trial.HostConfig, CapAdd: [] } };
  const result = await runOnce(await engine(), without, { what: 'A trial', ms: 30_000 });
  expect(egressFinding({ name: OPEN, internal: false }, result)).toMatchObject({
    status: 'missing',
    message: expect.stringContaining('Operation not permitted'),
  });
});

test('`doctor` says that the named network is not there, and ends with 3', async () => {
  const cli = await Cli.make({ BULKHEAD_EGRESS_NETWORK: 'bulkhead-test-no-such' });
  try {
    const { code, json } = await cli.run(['doctor', '--json']);
    const { ok, findings } = json<{ ok: boolean; findings: DoctorFinding[] }>();
    expect(findings.find(({ id }) => id === 'egress')).toEqual({
      id: 'egress',
      status: 'missing',
      message: 'There is no Docker network bulkhead-test-no-such, which BULKHEAD_EGRESS_NETWORK names',
      fix: 'Make it with `docker network create bulkhead-test-no-such`, or unset the variable.',
    });
    expect([code, ok]).toEqual([3, false]);
    // What comes after it is looked at all the same.
    expect(findings.map(({ id }) => id)).toContain('leftovers');
  } finally {
    await cli.dispose();
  }
});
