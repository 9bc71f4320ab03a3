import { expect, test, vi } from 'vitest';
import type { DoctorFinding } from '../../../../src/app';
import { pageMessage } from '../../../../src/views/checkSystem/pageMessage';

vi.mock('vscode', () => ({
  l10n: { t: (text: string, ...values: unknown[]) => text.replace(/\{(\d)\}/g, (_, n) => String(values[n])) },
}));

const { findingText, reportText, summaryText } = await import(
  '../../../../src/views/checkSystem/findingText'
);

const FINDING: DoctorFinding = {
  id: 'engine',
  status: 'missing',
  message: 'No Docker Engine at unix:///var/run/docker.sock\u001b[31m',
  fix: 'Start Docker.',
  actions: [{ kind: 'terminal', command: 'sudo systemctl start docker' }, { kind: 'recheck' }],
};

test('a finding in words, each action with what exactly it does', () => {
  const text = findingText(FINDING);
  expect(text).toMatchObject({ title: 'Docker Engine', statusText: 'Does not work', fix: 'Start Docker.' });
  expect(text.message).not.toContain('\u001b');
  expect(text.actions.map(({ detail }) => detail)[0]).toContain('sudo systemctl start docker');
  expect(findingText({ id: 'egress', status: 'ok', message: 'x' })).toMatchObject({
    title: 'Network proxies',
    actions: [],
  });
});

test('the summary is as bad as the worst finding', () => {
  expect(summaryText([FINDING])).toContain('does not work');
  expect(summaryText([{ status: 'ok' }, { status: 'slow' }])).toContain('could be better');
  expect(summaryText([{ status: 'ok' }])).toContain('nothing is left to wish for');
});

test('the report is plain text with every finding and fix', () => {
  expect(reportText('Bulkhead 1', [FINDING])).toBe(
    'Bulkhead 1\n\nmissing  engine: No Docker Engine at unix:///var/run/docker.sock\n         Start Docker.\n',
  );
});

test.each([
  [{ type: 'ready' }, { type: 'ready' }],
  [
    { type: 'act', finding: 'engine', action: 0 },
    { type: 'act', finding: 'engine', action: 0 },
  ],
  [{ type: 'act', finding: 'engine', action: 0.5 }, undefined],
  [{ type: 'act', finding: 1, action: 0 }, undefined],
  [{ type: 'run', command: 'rm -rf /' }, undefined],
  ['ready', undefined],
  [null, undefined],
])('the page may say %j', (value, expected) => {
  expect(pageMessage(value)).toEqual(expected);
});
