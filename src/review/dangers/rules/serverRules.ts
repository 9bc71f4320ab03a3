import { names, type PathRule } from './pathRule';

/** What is built and run in containers, on build servers and at a deployment. */
export const SERVER_RULES: readonly PathRule[] = [
  {
    danger: 'devcontainer',
    anywhere: ['.devcontainer'],
    files: names('.devcontainer.json devcontainer.json .bulkhead.json .dockerignore .gitpod.yml vagrantfile'),
    pattern:
      /^(?:.*\.)?(?:dockerfile|containerfile)(?:\..*)?$|^(?:docker-)?compose(?:[.-].*)?\.ya?ml$|^docker-bake(?:\..*)?\.(?:hcl|json)$|^devcontainer-(?:feature|template)\.json$/,
  },
  {
    danger: 'ci',
    anywhere: names(`
      .github .circleci .buildkite .gitlab .teamcity .woodpecker .forgejo .gitea .semaphore .tekton .concourse
    `),
    files: names(`
      .gitlab-ci.yml .gitlab-ci.yaml .travis.yml .travis.yaml appveyor.yml .appveyor.yml .drone.yml .drone.yaml .cirrus.yml
      .woodpecker.yml bitbucket-pipelines.yml cloudbuild.yaml cloudbuild.yml buildspec.yml buildspec.yaml .cirun.yml
      codefresh.yml wercker.yml bamboo.yml screwdriver.yaml netlify.toml vercel.json renovate.json renovate.json5
      .mergify.yml action.yml action.yaml
    `),
    pattern: /^jenkinsfile(?:[.-].*)?$|^azure-pipelines.*\.ya?ml$|\.jenkinsfile$/,
  },
  // Commands of a deployment; those tools read these from the folder that they are started in.
  {
    danger: 'scripts',
    files: names(`
      procfile cdk.json firebase.json ansible.cfg wrangler.toml wrangler.json wrangler.jsonc skaffold.yaml tiltfile earthfile
      helmfile.yaml serverless.yml fabfile.py
    `),
    pattern: /^procfile\..+$/,
  },
];
