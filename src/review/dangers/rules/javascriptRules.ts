import { names, type PathRule } from './pathRule';

/** JavaScript: what runs at `npm install` (package.json itself by its content), and settings that are code or load plugins. */
export const JAVASCRIPT_RULES: readonly PathRule[] = [
  {
    danger: 'scripts',
    anywhere: ['.yarn'],
    files: names(`
      package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml pnpm-workspace.yaml bun.lock bun.lockb deno.json deno.jsonc
      deno.lock package.json5 package.yaml bunfig.toml .npmrc .yarnrc .yarnrc.yml .pnpmfile.cjs .pnpmfile.mjs pnpmfile.js
      binding.gyp lerna.json nx.json turbo.json project.json angular.json nodemon.json jsconfig.json tslint.json dprint.json
      import_map.json .node-version .nvmrc .babelrc .eslintrc .prettierrc .stylelintrc .postcssrc .swcrc .mocharc
      codegen.yml codegen.yaml codegen.ts truffle-config.js
    `),
    // `<tool>.config.ts`, `wdio.conf.ts`, `karma.js`, `.somethingrc.json`, `tsconfig.base.json` (plugins).
    pattern:
      /^.+\.conf(?:ig)?(?:\.[a-z.-]+)?\.(?:js|cjs|mjs|ts|cts|mts)$|^(?:vite|vitest|webpack|rollup|esbuild|jest|babel|eslint|prettier|postcss|tailwind|next|nuxt|svelte|astro|karma|metro|commitlint|lint-staged|stylelint|playwright|cypress|tsup|release|gulpfile|gruntfile)(?:rc)?(?:\.[a-z.-]+)?\.(?:js|cjs|mjs|ts|cts|mts)$|^gatsby-[a-z]+\.(?:js|mjs|ts|tsx)$|^\.[a-z-]+rc\.(?:js|cjs|mjs|ts|json|ya?ml)$|^(?:gulpfile|gruntfile|tsconfig.*)\.[a-z]+$/,
  },
];
