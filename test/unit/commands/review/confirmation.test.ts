import { expect, it } from 'vitest';
import { confirmation } from '../../../../src/commands/review/confirmation';
import { mergeCommand } from '../../../../src/commands/review/mergeCommand';
import { ReviewModel } from '../../../../src/views/review/reviewModel';
import { l10n } from '../../views/plainL10n';
import { change, review } from '../../views/review/reviewFixture';

it('names the folder, the amount, what is deleted, each dangerous change and each conflict', () => {
  const model = new ReviewModel(
    review([
      change('a'),
      change('old', { kind: 'deleted' }),
      change('.git/hooks/\u202epost', { kind: 'added', dangers: ['git', 'executable'] }),
      change('unticked.sh', { dangers: ['executable'] }),
      change('both', { conflict: 'modified' }),
    ]),
  );
  model.tick('.git/hooks/\u202epost', true);
  model.resolve('both', 'guest');
  const { question, detail } = confirmation(model, l10n);
  expect(question).toBe('Bring 4 changes back?');
  expect(detail).toContain('Into /home/ada/app: 60 B, 1 deleted.');
  expect(detail).toContain('• .git/hooks/\\u{202e}post: git obeys it');
  expect(detail).toContain('can be started as a program');
  expect(detail).toContain('• both: the VM’s');
  expect(detail).toContain('Deleted:\n• old');
  expect(detail).not.toContain('unticked.sh');
});

it('stays a dialog that fits a screen', () => {
  const many = Array.from({ length: 500 }, (_each, index) => change(`f${index}`, { kind: 'deleted' }));
  const { detail } = confirmation(new ReviewModel(review(many)), l10n);
  expect(detail.split('\n').length).toBeLessThan(25);
  expect(detail).toContain('…and 488 more');
});

it('a merge command has nothing of a branch’s name that a shell would act on', () => {
  const hash = '0123456789abcdef0123456789abcdef01234567';
  const of = (ref: string) => mergeCommand({ ref, hash });
  expect(of('bulkhead/app-01234567/main')).toBe('git merge bulkhead/app-01234567/main');
  expect(of('refs/heads/bulkhead/app/topic/one')).toBe('git merge bulkhead/app/topic/one');
  for (const name of ['a;reboot', 'a$(x)', 'a`x`', '-x', "a'b", 'a b', 'a\nb', 'a&b']) {
    expect(of(name)).toBe(`git merge ${hash}`);
  }
});
