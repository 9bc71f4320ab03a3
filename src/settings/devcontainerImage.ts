import { dirname } from 'node:path';
import { buildSource, type ImageSourceResult } from './buildSource';
import type { Devcontainer } from './devcontainer';
import { shown } from './jsonDocument';
import { asksForSomething } from './leftOut';
import type { SettingsPath, SettingsProblem } from './settingsProblem';

/**
 * Where a devcontainer.json's image comes from, its paths checked; undefined if it names none.
 * With Features it is `@devcontainers/cli` that builds, so everything which that would read is checked here.
 */
export async function devcontainerImage(
  folder: string,
  devcontainer: Devcontainer,
): Promise<ImageSourceResult | undefined> {
  const { values, document } = devcontainer;
  const problem = (path: SettingsPath, message: string, fix: string): { problems: SettingsProblem[] } => ({
    problems: [document.problemAt(path, message, fix, 'key')],
  });
  if (devcontainer.compose) {
    return problem(
      ['dockerComposeFile'],
      'Docker Compose is not supported yet',
      'Write "image" or "build" into .bulkhead.json.',
    );
  }

  const legacy = values.build?.dockerfile === undefined && values.dockerFile !== undefined;
  const built = legacy || values.build !== undefined;
  const features = Object.keys(values.features ?? {});
  let plain: ImageSourceResult | undefined;
  if (built) {
    const build = {
      dockerfile: values.build?.dockerfile ?? values.dockerFile,
      context: values.build?.context ?? values.context,
      args: values.build?.args,
      target: values.build?.target,
    };
    plain = await buildSource(folder, dirname(devcontainer.path), build, (key, { message, fix }) => {
      const old = key === 'dockerfile' ? 'dockerFile' : 'context';
      return document.problemAt(
        values.build?.[key] === undefined && values[old] ? [old] : ['build', key],
        message,
        fix,
      );
    });
  } else if (values.image !== undefined) {
    plain = { image: { kind: 'image', reference: values.image } };
  }
  if (features.length === 0 || (plain !== undefined && 'problems' in plain)) {
    return plain;
  }

  if (plain === undefined) {
    return problem(['features'], 'Features need an image to stand on', 'Write "image" or "build" too.');
  }
  if (asksForSomething(values.build?.options)) {
    const why = 'such options can read files of the host into the image';
    return problem(['build', 'options'], `can't be used with Features: ${why}`, 'Remove the options.');
  }
  const stray = features.find(
    (id) => /^(?:[./\\~]|file:|[a-zA-Z]:)/.test(id) && !/^\.\/[\w-]+(?:\/[\w-]+)*\/?$/.test(id),
  );
  if (stray !== undefined) {
    const fix = 'Name a folder beside devcontainer.json such as "./my-feature".';
    return problem(['features', stray], `${shown(stray)} may lead out of the workspace`, fix);
  }
  return { image: { kind: 'devcontainer', configFile: devcontainer.path } };
}
