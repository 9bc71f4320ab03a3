import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InotifyParser } from '../../../src/guest/inotifyParser';
import { inotifyArguments } from '../../../src/guest/watch';

const record = (events: string, path: string) => Buffer.from(`${events}\0${path}\0`);

describe('InotifyParser', () => {
  it('reads records cut anywhere', () => {
    const bytes = Buffer.concat([
      record('CREATE,ISDIR', '/w/new'),
      record('CLOSE_WRITE,CLOSE', '/w/a\nb'),
      record('MOVED_FROM', '/w/日本'),
      record('DELETE_SELF', '/w/'),
      record('Q_OVERFLOW', ''),
    ]);
    for (let size = 1; size < 20; size++) {
      const parser = new InotifyParser('/w');
      const events = [];
      for (let at = 0; at < bytes.length; at += size) {
        events.push(...parser.push(bytes.subarray(at, at + size)));
      }
      expect(events).toEqual([
        { overflow: false, directory: true, change: { path: '/w/new', kind: 'created' } },
        { overflow: false, directory: false, change: { path: '/w/a\nb', kind: 'changed' } },
        { overflow: false, directory: false, change: { path: '/w/日本', kind: 'deleted' } },
        { overflow: false, directory: false, change: { path: '/w', kind: 'deleted' } },
        { overflow: true },
      ]);
    }
  });

  it('drops paths outside of the folder and gives up on a field without end', () => {
    const parser = new InotifyParser('/w');
    for (const path of ['/etc/passwd', '/w/../etc', '/w/a//b', 'w/a', '', '/wx', '/w/./a']) {
      expect(parser.push(record('CREATE', path))).toEqual([]);
    }
    expect(() => parser.push(Buffer.alloc(20_000, 'x'))).toThrow(/format/);
  });

  it('only ever names paths inside, whatever it is fed', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
        const parser = new InotifyParser('/w');
        for (const chunk of chunks) {
          for (const event of parser.push(Buffer.from(chunk))) {
            expect(event.overflow || event.change.path.startsWith('/w')).toBe(true);
          }
        }
      }),
    );
  });
});

describe('inotifyArguments', () => {
  const regex = (...excludes: string[]) => {
    const args = inotifyArguments('/w.x', { recursive: true, excludes });
    return args[args.indexOf('--exclude') + 1] ?? '';
  };
  const matches = (ere: string, path: string) => {
    try {
      execFileSync('grep', ['-qE', '--', ere], { input: path });
      return true;
    } catch {
      return false;
    }
  };

  it('turns globs into one POSIX regular expression', () => {
    const ere = regex('**/node_modules/**', '/dist', 'a+b(c)', '*.log');
    for (const path of [
      '/w.x/a/node_modules/',
      '/w.x/node_modules/b',
      '/w.x/dist',
      '/w.x/q/a+b(c)',
      '/w.x/b.log',
    ]) {
      expect([path, matches(ere, path)]).toEqual([path, true]);
    }
    for (const path of [
      '/w.x/a',
      '/w.x/node_modulesx',
      '/w.x/a/dist',
      '/wyx/dist',
      '/w.x/b.logs',
      '/w.x/aab(c)',
    ]) {
      expect([path, matches(ere, path)]).toEqual([path, false]);
    }
  });
});
