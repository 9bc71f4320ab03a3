import type * as vscode from 'vscode';
import { type Log, printable } from '../core/log';

/** The house's log, in an output channel. Guest output ends up in it: no control characters. */
export function channelLog(channel: vscode.LogOutputChannel): Log {
  return {
    debug: (message) => channel.debug(printable(message)),
    info: (message) => channel.info(printable(message)),
    warn: (message) => channel.warn(printable(message)),
    error: (message) => channel.error(printable(message)),
  };
}
