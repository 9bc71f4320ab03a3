import { expect, test } from 'vitest';
import { chosenMode } from '../../../src/app/chosenMode';
import type { MachineRecord } from '../../../src/app/machineRecord';
import type { NetworkMode } from '../../../src/settings/workspaceSpec';

type Record = MachineRecord['network'];

/** What settings say: `granted` is a mode that the folder was granted beyond `usual`. */
const says = (usual: NetworkMode, granted?: NetworkMode) =>
  ({
    mode: granted ?? usual,
    modeBy: granted ? 'folder' : 'settings',
    modeWithoutGrant: usual,
  }) as const;
const bySettings = (withoutGrant: NetworkMode): Record => ({ chosenBy: 'settings', withoutGrant });
const byUser: Record = { chosenBy: 'user' };

test.each<[string, ReturnType<typeof says>, NetworkMode | undefined, Record, NetworkMode]>([
  ['a new machine has what the settings say', says('none'), undefined, undefined, 'none'],
  ['and what was granted', says('none', 'full'), undefined, undefined, 'full'],
  ['what was granted stays while it is', says('allowlist', 'full'), 'full', bySettings('allowlist'), 'full'],
  ['and ends with the grant', says('allowlist'), 'full', bySettings('allowlist'), 'allowlist'],
  ['as strict as the user wanted it then', says('allowlist'), 'full', bySettings('none'), 'none'],
  ['or wants it now', says('none'), 'full', bySettings('allowlist'), 'none'],
  ['a lifted `none` ends too', says('none'), 'allowlist', bySettings('none'), 'none'],
  ['a new grant counts at once', says('allowlist', 'full'), 'allowlist', bySettings('allowlist'), 'full'],
  ['the user’s own full is no grant', says('full'), 'full', bySettings('full'), 'full'],
  ['a terminal without the user’s settings leaves it', says('allowlist'), 'full', bySettings('full'), 'full'],
  ['what the user switched to stays', says('allowlist'), 'full', byUser, 'full'],
  ['whatever is granted', says('allowlist', 'full'), 'none', byUser, 'none'],
  ['of a full that nobody is known to have chosen nothing is left', says('none'), 'full', undefined, 'none'],
  ['other modes stay without a record', says('allowlist'), 'none', undefined, 'none'],
])('%s', (_what, spec, before, record, expected) => {
  const first = chosenMode(spec, before, record);
  expect(first.mode).toBe(expected);
  // The same again: it has settled.
  expect(chosenMode(spec, first.mode, first.network).mode).toBe(expected);
});

test('a mode that a command names is the user’s', () => {
  const named = chosenMode(says('allowlist', 'full'), 'full', bySettings('allowlist'), 'none');
  expect(named).toEqual({ mode: 'none', network: { chosenBy: 'user' } });
  const hosts = { mode: 'allowlist', modeBy: 'command line', modeWithoutGrant: 'allowlist' } as const;
  expect(chosenMode(hosts, undefined, undefined).network).toEqual({ chosenBy: 'user' });
});

test('granted, taken back and granted again leads back and forth', () => {
  let machine = chosenMode(says('none', 'full'), undefined, undefined);
  for (let round = 0; round < 3; round++) {
    machine = chosenMode(says('none'), machine.mode, machine.network);
    expect(machine.mode).toBe('none');
    machine = chosenMode(says('none', 'full'), machine.mode, machine.network);
    expect(machine.mode).toBe('full');
  }
});
