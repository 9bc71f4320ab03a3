import { describe, expect, it } from 'vitest';
import { exitCodeOfStatus, stateOfContainer, VMM_EXIT } from '../../../../src/machine/kvm/exitCodes';

describe('stateOfContainer', () => {
  it.each([
    ['created', undefined, 'created'],
    ['running', 0, 'running'],
    ['restarting', 0, 'starting'],
    ['removing', 0, 'gone'],
    ['exited', VMM_EXIT.poweredOff, 'stopped'],
    ['exited', VMM_EXIT.suspended, 'suspended'],
    ['exited', VMM_EXIT.guestReset, 'stopped'],
    ['exited', VMM_EXIT.noConfig, 'failed'],
    ['exited', 137, 'stopped'],
    ['exited', 255, 'stopped'],
    ['dead', 1, 'failed'],
  ])('%s with code %s is %s', (status, code, state) => {
    expect(stateOfContainer(status, code).state).toBe(state);
  });

  it('says why unless the guest powered off or sleeps', () => {
    expect(stateOfContainer('exited', VMM_EXIT.poweredOff).reason).toBeUndefined();
    expect(stateOfContainer('exited', VMM_EXIT.suspended).reason).toBeUndefined();
    expect(stateOfContainer('exited', 137).reason).toMatch(/killed/);
    expect(stateOfContainer('exited', 255).reason).toMatch(/Engine/);
    expect(stateOfContainer('exited', 1).reason).toMatch(/code 1/);
  });
});

describe('exitCodeOfStatus', () => {
  it.each([
    ['Exited (10) 2 minutes ago', 10],
    ['Exited (0) Less than a second ago', 0],
    ['Dead (137)', 137],
    ['Up 3 minutes', undefined],
    ['Created', undefined],
    ['', undefined],
  ])('%j → %s', (text, code) => {
    expect(exitCodeOfStatus(text)).toBe(code);
  });
});
