import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';
import { buildWall } from '../../../src/network/kernelWall';
import { kitImage } from '../../integration/fixtures/machine';
import { attack } from '../attack';
import { ALLOWED, hex, ProxyWorld } from './proxyWorld';

let world: ProxyWorld;

beforeAll(async () => {
  world = await ProxyWorld.make();
});
afterAll(() => world?.dispose());
beforeEach(() => world.startAgain());

/** What the kernel says about squid's account: its rule, and the way to an address of this host. */
async function wall(): Promise<'stands' | 'none'> {
  const said = await world.inProxy(
    `ip -4 rule show; ip -4 route get ${world.hostAddress} uid 1234 2>&1 || true`,
  );
  return /^100:.*1234/m.test(said) && said.includes('No route to host') ? 'stands' : 'none';
}

/** What a guest gets that asks for the allowed host. */
async function answer(): Promise<string> {
  const moves = [`connect a ${ALLOWED}:443`, 'head a 10', `hello a 1 ${hex(ALLOWED)}`, 'rest a 1'];
  return (await world.play(moves)).join(', ');
}

const SERVED = /^a 200, a got 12 reached_443_$/;

describe('the wall in the kernel', () => {
  attack(
    {
      id: 'proxy-after-full',
      from: 'guest',
      tries:
        'Waits until the user has switched from `full` back, also by way of `none`, and hopes that the wall was not built again.',
      holds:
        'The proxy’s kernel is asked each time whether the wall stands; a proxy without one is ended and begins anew behind it.',
      promise: 'walled-addresses',
    },
    async () => {
      const seen: string[] = [];
      for (const modes of [
        ['full', 'none', 'allowlist'],
        ['full', 'allowlist'],
        ['full', 'full', 'none', 'none', 'allowlist'],
        ['none', 'allowlist'],
      ] as const) {
        for (const mode of modes) {
          await world.apply(mode);
          if (mode === 'full') {
            expect(await wall()).toBe('none');
          }
        }
        expect(await wall(), modes.join(' → ')).toBe('stands');
        expect(await answer()).toMatch(SERVED);
        seen.push(modes.join(' → '));
      }
      return `the wall stands after ${seen.join('; ')}`;
    },
    { timeoutMs: 300_000 },
  );

  attack(
    {
      id: 'proxy-cut-off-switch',
      from: 'guest',
      tries:
        'Uses a switch from `full` to `allowlist` that was cancelled half way, at six different moments.',
      holds:
        'At none of them is anything let through by an allowlist without the wall, and the next switch finishes the work.',
      promise: 'walled-addresses',
    },
    async () => {
      let cancelled = 0;
      for (let step = 0; step < 6; step++) {
        await world.apply('full');
        const controller = new AbortController();
        const switching = world.apply('allowlist', controller.signal).catch(() => {
          cancelled += 1;
        });
        setTimeout(() => controller.abort(), step * 200);
        await switching;
        const said = (await world.play([`connect a ${ALLOWED}:443`, 'head a 1', 'rest a 0.2'])).join();
        if (said.includes('a 200')) {
          const full = (await world.policy()).startsWith('full');
          expect(full || (await wall()) === 'stands', said).toBe(true);
        }
        await world.apply('allowlist');
        expect(await wall()).toBe('stands');
        expect(await answer()).toMatch(SERVED);
      }
      expect(cancelled).toBeGreaterThan(0);
      return `cancelled ${cancelled} of 6 times`;
    },
    { timeoutMs: 300_000 },
  );

  attack(
    {
      id: 'proxy-without-wall',
      from: 'guest',
      tries:
        'As if the wall had gone behind Bulkhead’s back: an allowed host is asked for through a proxy whose kernel refuses nothing, or knows no way at all.',
      holds:
        'The proxy asks its kernel for the rule itself before it obeys an allowlist: 403, until the wall is built again.',
      promise: 'walled-addresses',
    },
    async () => {
      const [{ Id: id }, image] = [await world.proxy.inspect(), await kitImage()];
      expect(await answer()).toMatch(SERVED);
      await buildWall(world.engine, { id, image }, 'open', [], AbortSignal.timeout(20_000));
      await world.egress.changeRules({ mode: 'allowlist', rules: [{ host: ALLOWED, from: 'machine' }] }, {});
      const refused = await answer();
      expect(refused).toMatch(/^a 403/);
      await world.apply('none');
      expect(await world.inProxy('/usr/lib/bulkhead/proxy/wall-stands || echo no wall')).toBe('no wall');
      await world.apply('allowlist');
      expect(await answer()).toMatch(SERVED);
      return `${refused.slice(0, 5)} without it, served behind it`;
    },
  );
});
