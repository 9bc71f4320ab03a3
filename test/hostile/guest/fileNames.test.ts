import { afterEach, expect } from 'vitest';
import type { Log } from '../../../src/core/log';
import { HostileServer } from '../../unit/guest/hostileServer';
import { attack } from '../attack';
import { sftpScript } from './sftpScript';

let server: HostileServer | undefined;
afterEach(() => server?.connections.forEach((connection) => void connection.end()));

attack(
  {
    id: 'sftp-names',
    from: 'guest',
    tries: 'A folder listing with "..", "/", NUL and over-long names, and the same name twice.',
    holds: 'Impossible names are dropped and logged as plain text, ten at most; a name is listed once.',
    promise: 'hostile-input',
  },
  async () => {
    const names = ['ok', '..', '../../x', '/etc/passwd', 'a/b', '', 'nul\0', 'ok', 'x'.repeat(300)];
    let sent = false;
    server = new HostileServer((session) =>
      sftpScript(session, {
        READDIR: (sftp, id) => {
          if (sent) {
            sftp.status(id, 1);
          } else {
            sent = true;
            sftp.name(
              id,
              names.map((filename) => ({ filename, longname: '\u001b[2J', attrs: sftpScript.FILE })) as never,
            );
          }
        },
      }),
    );
    const warnings: string[] = [];
    const log = { ...console, warn: (line: string) => warnings.push(line) } as Log;
    const guest = server.guest({}, log);
    try {
      const entries = await (await guest.files()).readDirectory('/x');
      expect(entries.map(({ name }) => name)).toEqual(['ok']);
      expect(warnings.join('')).not.toContain('\u001b');
      return `listed ${entries.length} of ${names.length} names, ${warnings.length} warnings`;
    } finally {
      guest.dispose();
    }
  },
);
