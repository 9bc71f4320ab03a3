import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { machineId } from '../../../src/settings/machineId';

describe('machineId', () => {
  it('is the slug of the base name and the head of the hash of the whole path', () => {
    // printf /home/ada/My.Project | sha256sum
    expect(machineId('/home/ada/My.Project')).toMatch(/^my-project-[0-9a-f]{8}$/);
    expect(machineId('/home/ada/My.Project')).toBe(machineId('/home/ada/My.Project'));
    expect(machineId('/home/ada/app')).not.toBe(machineId('/home/bob/app'));
  });

  it('keeps a letter without its accent and names what has no letter', () => {
    expect(machineId('/x/Café')).toMatch(/^cafe-[0-9a-f]{8}$/);
    expect(machineId('/x/日本')).toMatch(/^workspace-[0-9a-f]{8}$/);
    expect(machineId('/')).toMatch(/^workspace-[0-9a-f]{8}$/);
  });

  it('is a valid name for containers, volumes and authorities, whatever the folder is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        const id = machineId(`/home/${name}`);
        expect(id).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?-[0-9a-f]{8}$/);
        expect(id).not.toContain('--');
        expect(id.length).toBeLessThanOrEqual(49);
      }),
    );
  });
});
