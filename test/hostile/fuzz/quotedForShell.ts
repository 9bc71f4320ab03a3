import { quoteProxyArgument } from '../../../src/guest/sshConfig';

/** What a shell gets of a ProxyCommand's argument: ssh has made one of each `%%`. */
export function quotedForShell(text: string): string {
  return quoteProxyArgument(text, 'linux').replaceAll('%%', '%');
}
