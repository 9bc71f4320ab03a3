import { credentialHost } from './credentialHost';

/** A question in git's credential protocol (git-credential(1), "INPUT/OUTPUT FORMAT"), or why it gets no answer. */
export type GitQuestion = { host: string; username?: string } | { refused: string };

/** guest/agent/git-credential.c carries no more. */
export const QUESTION_MAX = 16 * 1024;
const LINES_MAX = 64;
const LINE_MAX = 4 * 1024;
/** Line feeds end a line; the other control characters have no place in any of its values. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f]/;
const USERNAME_MAX = 256;

/**
 * Only `https`, only `host` and `username` count; what else there is (`path`, `wwwauth[]`, `capability[]`…) is dropped.
 * `url`, `quit` and a password that is already there are refused, as is anything that git itself would not write.
 */
export function parseGitQuestion(bytes: Buffer): GitQuestion {
  if (bytes.length > QUESTION_MAX) {
    return { refused: 'it is too long' };
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { refused: 'it is not UTF-8' };
  }
  if (CONTROL.test(text)) {
    return { refused: 'it holds control characters' };
  }
  const end = text.indexOf('\n\n');
  // What follows the empty line is another question, which nobody asked us to answer.
  const lines = (end === -1 ? text : text.slice(0, end)).split('\n').filter((line) => line !== '');
  if (lines.length > LINES_MAX || lines.some((line) => line.length > LINE_MAX)) {
    return { refused: 'it is too long' };
  }
  const fields = new Map<string, string>();
  for (const line of lines) {
    const equals = line.indexOf('=');
    const key = line.slice(0, Math.max(equals, 0));
    if (!/^[a-z_]+(\[\])?$/.test(key)) {
      return { refused: 'a line is not key=value' };
    }
    if (fields.has(key) && !key.endsWith('[]')) {
      return { refused: `${key} is there twice` };
    }
    fields.set(key, line.slice(equals + 1));
  }
  return questionOf(fields);
}

function questionOf(fields: Map<string, string>): GitQuestion {
  for (const key of ['url', 'quit', 'password', 'credential']) {
    if (fields.has(key)) {
      return { refused: `it has ${key}` };
    }
  }
  if (fields.get('protocol') !== 'https') {
    return { refused: 'only https credentials are lent' };
  }
  const username = fields.get('username');
  if (username !== undefined && (username === '' || username.length > USERNAME_MAX)) {
    return { refused: 'the user name is too long' };
  }
  try {
    return { host: credentialHost(fields.get('host') ?? ''), ...(username !== undefined && { username }) };
  } catch {
    return { refused: 'the host has no proper name' };
  }
}

/** The question as the host's own git gets it: made anew from what was parsed. */
export function hostQuestion({ host, username }: { host: string; username?: string }): string {
  return `protocol=https\nhost=${host}\n${username === undefined ? '' : `username=${username}\n`}\n`;
}

/** The fields of git's answer that a guest gets; undefined if there is no password in it, or it is for another host. */
export function guestAnswer(answer: string, host: string): string | undefined {
  const fields = new Map<string, string>();
  for (const line of answer.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) {
      fields.set(line.slice(0, equals), line.slice(equals + 1));
    }
  }
  const [username, password] = [fields.get('username'), fields.get('password')];
  if (
    !password ||
    fields.get('protocol') !== 'https' ||
    fields.get('host') !== host ||
    CONTROL.test(answer)
  ) {
    return undefined;
  }
  return `${username ? `username=${username}\n` : ''}password=${password}\n`;
}
