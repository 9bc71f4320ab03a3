import { describe, expect, it } from 'vitest';
import { hostOf, liveRules, parseHostPattern, policyText } from '../../../src/network/networkRules';
import type { NetworkRule } from '../../../src/network/networkService';

describe('a rule’s host', () => {
  it.each([
    ['example.org', { below: false, name: 'example.org' }],
    ['*.Example.ORG', { below: true, name: 'example.org' }],
    [' example.org:8443 ', { below: false, name: 'example.org', port: 8443 }],
    ['a_b.test', { below: false, name: 'a_b.test' }],
    ['xn--bcher-kva.example', { below: false, name: 'xn--bcher-kva.example' }],
  ])('%s', (text, expected) => {
    expect(parseHostPattern(text)).toEqual(expected);
  });

  it.each([
    '',
    '*',
    '*.',
    'https://example.org',
    'example.org/path',
    'example.org:0',
    'example.org:65536',
    'example.org:80:80',
    'a..b',
    '.example.org',
    'example.org.',
    '-a.test',
    'a-.test',
    'a*.test',
    '*.*.test',
    '192.0.2.1',
    '0x7f000001',
    '1.2.3.0x4',
    '2130706433',
    '[2001:db8::1]',
    '2001:db8::1',
    'localhost',
    'a.localhost',
    'exa mple.org',
    'example.org\nrule evil.test 0 0',
    'example.org\u0000',
    'bücher.example',
    `${'a'.repeat(64)}.test`,
    `${'a.'.repeat(130)}test`,
  ])('%j is none', (text) => {
    expect(() => hostOf(text)).toThrow(expect.objectContaining({ kind: 'usage' }));
  });
});

describe('the policy that the proxy reads', () => {
  const rules: NetworkRule[] = [
    { host: 'example.org', from: 'user' },
    { host: '*.example.org:8443', from: 'machine' },
    { host: 'once.test', from: 'once', until: 1_700_000_000_123.7 },
    { host: 'example.org', from: 'npm' },
  ];

  it('has a line a host and an end', () => {
    expect(policyText('allowlist', rules)).toBe(
      'rule example.org 0 0\nrule *.example.org 8443 0\nrule once.test 0 1700000000123\nend\n',
    );
  });

  it('allows nothing in `none`, everything in `full`', () => {
    expect(policyText('none', rules)).toBe('end\n');
    expect(policyText('full', rules)).toBe('full\nend\n');
  });

  it('takes no rule that is no host, and not any number of them', () => {
    expect(() => policyText('allowlist', [{ host: 'full\nend', from: 'workspace' }])).toThrow();
    const many = Array.from({ length: 2001 }, (_, n) => ({ host: `h${n}.test`, from: 'machine' as const }));
    expect(() => policyText('allowlist', many)).toThrow(/2000 is the most/);
  });

  it('leaves out what has expired', () => {
    expect(liveRules(rules, 1_700_000_000_122)).toHaveLength(4);
    expect(liveRules(rules, 1_700_000_000_124).map(({ host }) => host)).not.toContain('once.test');
  });
});
