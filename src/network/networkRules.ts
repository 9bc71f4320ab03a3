import { BulkheadError } from '../core/errors';
import { printable } from '../core/log';
import { type HostPattern, isLocalName, readHostPattern } from '../settings/hostRule';
import type { NetworkMode } from '../settings/workspaceSpec';
import type { NetworkRule } from './networkService';

/** More rules than a person can have an eye on; the proxy's matcher reads them all at each change. */
export const RULES_MAX = 2000;

/** @throws BulkheadError of kind `usage` if it is no host, or one that is never reached */
export function parseHostPattern(text: string): HostPattern {
  const refuse = (why: string) =>
    new BulkheadError(`${printable(JSON.stringify(text), 300)} ${why}`, {
      kind: 'usage',
      next: 'Name a host such as example.org, *.example.org or example.org:8443.',
    });
  const pattern = readHostPattern(text.trim());
  if (!pattern) {
    throw refuse(
      /^[\d.]+$|:.*:/.test(text)
        ? 'is an address: only hosts with a name can be allowed'
        : 'is not a host name',
    );
  }
  if (isLocalName(pattern.name)) {
    throw refuse('is never reached: it names this computer or the VM itself');
  }
  return pattern;
}

/** The one way to write a rule's host. @throws as `parseHostPattern` */
export function hostOf(text: string): string {
  const { below, name, port } = parseHostPattern(text);
  return `${below ? '*.' : ''}${name}${port === undefined ? '' : `:${port}`}`;
}

/** What guest/proxy/decide.pl reads. It ends with `end`, so that half of one is never taken for a whole. */
export function policyText(mode: NetworkMode, rules: readonly NetworkRule[]): string {
  if (mode === 'full') {
    return 'full\nend\n';
  }
  const lines = (mode === 'allowlist' ? rules : []).map(({ host, until }) => {
    const { below, name, port } = parseHostPattern(host);
    return `rule ${below ? '*.' : ''}${name} ${port ?? 0} ${Math.floor(until ?? 0)}\n`;
  });
  if (lines.length > RULES_MAX) {
    throw new BulkheadError(`The allowlist has ${lines.length} hosts; ${RULES_MAX} is the most`, {
      kind: 'usage',
      next: 'Take some out, or write *.example.org for all below one name.',
    });
  }
  return `${[...new Set(lines)].join('')}end\n`;
}

/** The rules that still hold. */
export function liveRules(rules: readonly NetworkRule[], now = Date.now()): NetworkRule[] {
  return rules.filter(({ until }) => until === undefined || until > now);
}
