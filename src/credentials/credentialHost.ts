import { BulkheadError } from '../core/errors';

const HOST_MAX = 253;

/**
 * A host whose git credentials may be lent: `name` or `name:port`, lower case, as git's credential protocol names it.
 * IPv6 in brackets. No wildcards: each host is its own consent.
 * @throws BulkheadError of kind `usage`
 */
export function credentialHost(text: string): string {
  const host = text.trim().toLowerCase();
  const match = /^([a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::(\d{1,5}))?$/.exec(host);
  const port = match?.[2] === undefined ? 443 : Number(match[2]);
  if (!match || host.length > HOST_MAX || host.includes('..') || port < 1 || port > 65_535) {
    throw new BulkheadError(`Not a host for git credentials: ${JSON.stringify(text.slice(0, 100))}`, {
      kind: 'usage',
      next: 'Give a name such as git.example.org, or name:port. No scheme, no path, no wildcards.',
    });
  }
  // What git says for https://host:443/ too, once it has been through a URL.
  return port === 443 ? (match[1] ?? host) : host;
}
