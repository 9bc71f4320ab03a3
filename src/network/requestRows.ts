import type { NetworkRow } from './networkService';
import type { LogEntry } from './requestLog';

/** A guest can ask for as many names as it likes; the least recent ones go. */
export const ROWS_MAX = 500;

interface Row extends NetworkRow {
  /** Tunnels that have begun, and whose end has not been told yet. */
  open: number;
}

/** Requests by host and port. Bounded: what a guest asks for costs no more memory than this. */
export class RequestRows {
  /** Least recently used first, as a Map keeps the order in which keys were put in. */
  private readonly rows = new Map<string, Row>();

  constructor(private readonly limit = ROWS_MAX) {}

  add(entry: LogEntry): void {
    const key = `${entry.host}:${entry.port}`;
    const row = this.rows.get(key) ?? {
      host: entry.host,
      port: entry.port,
      allowed: true,
      count: 0,
      deniedCount: 0,
      receivedBytes: 0,
      firstAt: entry.at,
      lastAt: entry.at,
      open: 0,
    };
    this.rows.delete(key);
    this.rows.set(key, row);
    row.lastAt = Math.max(row.lastAt, entry.at);
    if (entry.kind === 'open') {
      row.open += 1;
      row.count += 1;
      row.allowed = true;
      delete row.reason;
    } else {
      // The end of a tunnel that has been counted; a refused one was never opened.
      const counted = row.open > 0 && entry.method === 'CONNECT' && entry.reason !== 'host';
      row.open -= counted ? 1 : 0;
      row.count += counted ? 0 : 1;
      row.deniedCount += entry.allowed ? 0 : 1;
      row.receivedBytes += entry.receivedBytes;
      row.allowed = entry.allowed;
      delete row.reason;
      if (entry.reason) {
        row.reason = entry.reason;
      }
    }
    for (const oldest of this.rows.keys()) {
      if (this.rows.size <= this.limit) {
        break;
      }
      this.rows.delete(oldest);
    }
  }

  /** Newest first. */
  list(): NetworkRow[] {
    return [...this.rows.values()].map(({ open: _open, ...row }) => row).sort((a, b) => b.lastAt - a.lastAt);
  }
}
