import { expect, it } from 'vitest';
import type { App } from '../../../src/app';
import { allowPresetHosts } from '../../../src/cli/netPresets';
import type { Session } from '../../../src/cli/session';
import { silentLog } from '../../../src/core/log';

/** A session in which the tool in the machine names `named`, and somebody at the terminal answers `answer`. */
function session(named: string[], answer?: string) {
  const allowed: (readonly string[] | undefined)[] = [];
  const said: string[] = [];
  const asked: string[] = [];
  const note = (text: string) => void said.push(text);
  const app: Partial<App> = {
    presetHosts: async () => named,
    allowPreset: async (_id, preset, options) => {
      allowed.push(options?.hosts);
      return (options?.hosts ?? []).map((host) => ({ host, from: preset }));
    },
  };
  const made = {
    app,
    signal: new AbortController().signal,
    status: { log: { ...silentLog, info: note, warn: note } },
    turn: {
      canAsk: answer !== undefined,
      ask: async (question: string) => {
        asked.push(question);
        // What is asked about has not been allowed yet.
        expect(allowed).toEqual([]);
        return answer ?? '';
      },
    },
  } as unknown as Session;
  return { made, allowed, said, asked };
}

it('in a script allows the web’s ports alone, and says what is left out', async () => {
  const { made, allowed, said } = session(['a.test', 'b.test:22', 'c.test']);
  await allowPresetHosts(made, 'shop', 'npm', { yes: false });
  expect(allowed).toEqual([['a.test', 'c.test']]);
  expect(said.join('\n')).toMatch(/left out: b\.test:22.*--allow b\.test:22/);
  expect(said.at(-1)).toBe('npm: a.test, c.test');
});

it('in a terminal shows the hosts first, and takes only a yes', async () => {
  const agreed = session(['a.test', 'b.test'], 'yes');
  await allowPresetHosts(agreed.made, 'shop', 'npm', { yes: false });
  expect(agreed.asked.join()).toMatch(/ {2}a\.test\n {2}b\.test/);
  expect(agreed.allowed).toEqual([['a.test', 'b.test']]);
  for (const answer of ['', 'y', 'no', 'a.test']) {
    const refused = session(['a.test'], answer);
    await expect(allowPresetHosts(refused.made, 'shop', 'npm', { yes: false })).rejects.toThrow(
      'Nothing was',
    );
    expect(refused.allowed).toEqual([]);
  }
});

it('with --yes asks nothing', async () => {
  const { made, allowed, asked } = session(['a.test'], 'no');
  await allowPresetHosts(made, 'shop', 'npm', { yes: true });
  expect([allowed, asked]).toEqual([[['a.test']], []]);
});

it('a tool that names no host on the web’s ports allows none', async () => {
  const { made, allowed } = session(['a.test:22']);
  await expect(allowPresetHosts(made, 'shop', 'git', { yes: true })).rejects.toMatchObject({ kind: 'usage' });
  expect(allowed).toEqual([]);
});
