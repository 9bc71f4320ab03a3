import { describe, expect, it } from 'vitest';
import { hasConflictMarkers, unmerged } from '../../../../src/views/review/mergeText';
import { sideContent } from '../../../../src/views/review/sideContent';
import { l10n } from '../plainL10n';
import { change } from './reviewFixture';

const host = Buffer.from('mine\n');
const guest = Buffer.from('theirs\n');
const both = { host, guest };
const text = (...args: Parameters<typeof sideContent> extends [...infer Head, unknown] ? Head : never) =>
  sideContent(...args, l10n).toString();

describe('one side of a diff', () => {
  it('is the bytes that were looked at', () => {
    expect(text(change('a'), 'host', both)).toBe('mine\n');
    expect(text(change('a'), 'guest', both)).toBe('theirs\n');
    expect(text(change('a'), 'base', { ...both, base: Buffer.from('was') })).toBe('was');
  });

  it('is empty where there is no file', () => {
    expect(text(change('a', { kind: 'added' }), 'host', { guest })).toBe('');
    expect(text(change('a', { kind: 'deleted' }), 'guest', { host })).toBe('');
    expect(text(change('a', { conflict: 'deleted' }), 'host', { guest })).toBe('');
    expect(text(change('a'), 'base', both)).toBe('');
    expect(text(change('a', { kind: 'added', conflict: 'added' }), 'host', both)).toBe('mine\n');
  });

  it('says what can’t be shown as text', () => {
    const png = Buffer.from([0x89, 0x50, 0, 1]);
    expect(text(change('a', { binary: true }), 'guest', { guest: png })).toMatch(
      /^Not text: 4 B, SHA-256 [0-9a-f]{64}\n$/,
    );
    expect(text(change('a.js'), 'guest', { guest: Buffer.from('/*\0é*/ evil()') })).toBe(
      '/*\\u{0}é*/ evil()',
    );
    expect(text(change('a', { guestBytes: 9e6 }), 'guest', {})).toBe('9 MB: not shown\n');
    expect(text(change('a', { kind: 'mode', guestMode: 0o755 }), 'guest', both)).toBe('Permissions: 755\n');
    expect(text(change('a', { type: 'directory', kind: 'added' }), 'guest', {})).toBe('A folder\n');
    const link = change('a', { type: 'symlink', kind: 'added', linkTarget: '/etc/\u202epasswd' });
    expect(text(link, 'guest', {})).toBe('A link to /etc/\\u{202e}passwd\n');
  });
});

describe('a merge', () => {
  it('begins as one conflict, and is none without it', () => {
    const start = unmerged('mine', 'theirs\n', { host: 'this computer', guest: 'VM' });
    expect(start).toBe('<<<<<<< this computer\nmine\n=======\ntheirs\n>>>>>>> VM\n');
    expect(hasConflictMarkers(start)).toBe(true);
    expect(hasConflictMarkers('a\r\n<<<<<<<\r\nb')).toBe(true);
    expect(hasConflictMarkers('mine\ntheirs\n')).toBe(false);
    expect(hasConflictMarkers('Title\n=======\n')).toBe(false);
  });
});
