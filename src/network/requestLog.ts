import type { DenialReason, NetworkRequest } from './networkService';

/** One line of a proxy's log: a tunnel that begins, or a request that ended. */
export type LogEntry =
  | { kind: 'open'; at: number; host: string; port: number }
  | ({ kind: 'request' } & NetworkRequest);

const HOST_MAX = 253;
const LINE_MAX = 2_000;
const METHOD = /^[A-Z][A-Z-]{0,19}$/;
const WHY: Record<string, DenialReason> = {
  host: 'host',
  address: 'address',
  protocol: 'protocol',
  'server-name': 'server-name',
};

/**
 * `open <ms> <host> <port>` of guest/proxy/decide.pl, or squid's `logformat bulkhead` (guest/proxy/squid.conf):
 * `request <ms> <method> <host> <port> <squid's tag> <status> <error> <bytes> <why> <bump mode> <server name>`.
 * Host, method and server name are the guest's words. Undefined for what is no such line, or tells of no request.
 */
export function parseLogLine(line: string): LogEntry | undefined {
  if (line.length > LINE_MAX) {
    return undefined;
  }
  const fields = line.trimEnd().split(' ');
  const [kind, time = '', ...rest] = fields;
  if (!/^\d{10,16}$/.test(time)) {
    return undefined;
  }
  const at = Number(time);
  if (kind === 'open' && rest.length === 2) {
    const host = hostOfField(rest[0]);
    const port = portOfField(rest[1]);
    return host !== undefined && port !== undefined ? { kind, at, host, port } : undefined;
  }
  if (kind !== 'request' || rest.length !== 10) {
    return undefined;
  }
  const [method = '', , , tag = '', status = '', error = '', bytes = '', why = '', bump = ''] = rest;
  const host = hostOfField(rest[1]);
  const port = portOfField(rest[2]);
  // squid's own line for the moment when a tunnel was let through; the tunnel's line follows when it ends.
  if (tag === 'NONE_NONE' && status === '200' && error === '-' && why === '-' && bump !== 'terminate') {
    return undefined;
  }
  if (host === undefined || port === undefined || !/^\d{1,15}$/.test(bytes)) {
    return undefined;
  }
  const reason = reasonOf({ tag, status, error, why, bump });
  return {
    kind,
    at,
    host,
    port,
    method: METHOD.test(method) ? method : '?',
    allowed: reason === undefined,
    ...(reason && { reason }),
    receivedBytes: Number(bytes),
  };
}

function reasonOf(
  fields: Record<'tag' | 'status' | 'error' | 'why' | 'bump', string>,
): DenialReason | undefined {
  const { tag, status, error, why, bump } = fields;
  const told = WHY[why];
  if (told) {
    return told;
  }
  if (bump === 'terminate') {
    return 'server-name';
  }
  if (tag.includes('DENIED') || error === 'ERR_PROTOCOL_UNKNOWN' || error === 'ERR_INVALID_REQ') {
    return 'protocol';
  }
  if (error === 'ERR_DNS_FAIL') {
    return 'unresolved';
  }
  // An answer of the server's own, whatever it says, has no error of squid's.
  return error.startsWith('ERR_') && error !== 'ERR_CLIENT_GONE' && Number(status) >= 400
    ? 'failed'
    : undefined;
}

/** A host as squid wrote it (URL-encoded), in the characters of one. */
function hostOfField(field: string | undefined): string | undefined {
  if (field === undefined || field === '' || field === '-') {
    return undefined;
  }
  const host = field
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .toLowerCase()
    .slice(0, HOST_MAX);
  return /^[a-z0-9_.:[\]-]+$/.test(host) ? host : undefined;
}

function portOfField(field: string | undefined): number | undefined {
  const port = /^\d{1,5}$/.test(field ?? '') ? Number(field) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
