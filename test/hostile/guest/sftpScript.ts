import type { Session, SFTPWrapper } from 'ssh2';

/** Answers of one SFTP session; what is left out succeeds. */
export interface SftpAnswers {
  [request: string]: (sftp: SFTPWrapper, id: number, ...rest: never[]) => void;
}

const FILE = { mode: 0o100644, uid: 0, gid: 0, size: 5, atime: 0, mtime: 0 };

/** SSH_FX_OK (draft-ietf-secsh-filexfer-02, section 7). */
const OK = 0;

/** Serves SFTP on a session with the given answers. */
export function sftpScript(session: Session, answers: SftpAnswers): void {
  session.on('env', (accept) => accept?.());
  session.on('sftp', (accept) => {
    const sftp = accept();
    const handlers: SftpAnswers = {
      OPEN: (s, id) => s.handle(id, Buffer.from('h')),
      OPENDIR: (s, id) => s.handle(id, Buffer.from('d')),
      CLOSE: (s, id) => s.status(id, OK),
      STAT: (s, id) => s.attrs(id, FILE),
      LSTAT: (s, id) => s.attrs(id, FILE),
      ...answers,
    };
    for (const [request, handler] of Object.entries(handlers)) {
      sftp.on(request, (id: number, ...rest: never[]) => handler(sftp, id, ...rest));
    }
  });
}

sftpScript.FILE = FILE;

/** Sends bytes of any kind in a file session. */
export function sendSftp(sftp: SFTPWrapper, bytes: Buffer): void {
  const channel = sftp as unknown as {
    _protocol: { channelData(id: number, data: Buffer): void };
    outgoing: { id: number };
  };
  channel._protocol.channelData(channel.outgoing.id, bytes);
}
