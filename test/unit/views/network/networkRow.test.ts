import { expect, it } from 'vitest';
import type { NetworkRow } from '../../../../src/network/networkService';
import { policyRow, requestRow, ruleRow } from '../../../../src/views/network/networkRow';

/** As `vscode.l10n.t` without a translation. */
const l10n = {
  t: (message: string, ...values: (string | number)[]) =>
    message.replace(/\{(\d+)\}/g, (_, index: string) => String(values[Number(index)])),
};
const NOON = new Date(2026, 0, 2, 12, 0, 5).getTime();
const request = (changes: Partial<NetworkRow> = {}): NetworkRow => ({
  host: 'a.test',
  port: 443,
  allowed: false,
  reason: 'host',
  count: 3,
  deniedCount: 3,
  receivedBytes: 0,
  firstAt: NOON,
  lastAt: NOON,
  ...changes,
});

it('says in words and with an icon what was denied, why and how often', () => {
  const row = requestRow(request(), l10n);
  expect(row.label).toBe('a.test');
  expect(row.description).toMatch(/^denied · no rule allows it · 3 times · .*12:00:05/);
  expect(row).toMatchObject({ icon: { id: 'circle-slash' }, contextValue: 'request.denied' });
});

it('says what was allowed, and that it was not always', () => {
  const row = requestRow(request({ allowed: true, count: 5, receivedBytes: 2048, port: 8443 }), l10n);
  expect(row.label).toBe('a.test:8443');
  expect(row.description).toMatch(/^allowed · 5 times · 3 of them denied · /);
  expect(row.tooltip).toContain('2 KiB received');
  expect(row).toMatchObject({ icon: { id: 'pass' }, contextValue: 'request.allowed' });
});

it('offers to allow only what a rule could allow', () => {
  const context = (reason: NonNullable<NetworkRow['reason']>) =>
    requestRow(request({ reason }), l10n).contextValue;
  expect(context('address')).toBe('request.refused');
  expect(context('server-name')).toBe('request.refused');
  expect(context('unresolved')).toBe('request.refused');
});

it('keeps what a guest calls a host plain, short, and its end in sight', () => {
  const host = `${'a.'.repeat(200)}evil.test`;
  const row = requestRow(request({ host }), l10n);
  expect(row.label.length).toBeLessThan(100);
  expect(row.label).toMatch(/^….*evil\.test$/);
  const odd = requestRow(request({ host: '$(check) [x](command:y)\u001b]0;z\u0007\u202e' }), l10n);
  expect(odd.label).toBe('$\u2060(check) [x]\u2060(command:y)');
});

it('says who lets a host through, and until when', () => {
  expect(ruleRow({ host: '*.a.test', from: 'workspace' }, l10n)).toMatchObject({
    label: '*.a.test',
    description: 'for this workspace',
    contextValue: 'rule',
  });
  expect(ruleRow({ host: 'a.test', from: 'once', until: NOON }, l10n).description).toMatch(
    /^once, until .*12:00:05/,
  );
});

it('says that rules count with allowlist only', () => {
  const rules = [{ host: 'a.test', from: 'machine' as const }];
  expect(policyRow({ mode: 'allowlist', rules }, l10n)).toMatchObject({
    label: 'Allowlist',
    description: 'one host is allowed',
    expands: 'collapsed',
  });
  expect(policyRow({ mode: 'none', rules }, l10n).description).toContain(
    'the rules below count with Allowlist',
  );
  expect(policyRow({ mode: 'full', rules: [] }, l10n)).toMatchObject({
    icon: { id: 'globe', color: 'charts.red' },
  });
});
