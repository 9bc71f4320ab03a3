import { names, type PathRule } from './pathRule';

/** Package and build files of other languages: their tools, and the language servers that start those, run what they say. */
export const LANGUAGE_RULES: readonly PathRule[] = [
  // Rust, Go, Zig, Lean, Nim, D, Crystal, Ada, Solidity, Dart, Lua
  {
    danger: 'scripts',
    anywhere: ['.cargo'],
    files: names(`
      build.rs cargo.toml cargo.lock rust-toolchain rust-toolchain.toml go.mod go.sum go.work magefile.go build.zig build.zig.zon
      lakefile.lean lakefile.toml lean-toolchain lake-manifest.json nim.cfg dub.json dub.sdl shard.yml alire.toml foundry.toml
      pubspec.yaml pubspec.lock
    `),
    pattern: /\.(?:nims|nimble|gpr|rockspec)$/,
  },
  // The JVM
  {
    danger: 'scripts',
    anywhere: ['.mvn', 'gradle', 'buildsrc'],
    files: names(`
      gradlew gradlew.bat mvnw mvnw.cmd pom.xml gradle.properties local.properties build.xml ivy.xml build.sc build.mill
      deps.edn bb.edn shadow-cljs.edn project.clj user.clj
    `),
    pattern: /\.(?:gradle|gradle\.kts|sbt|mill)$/,
  },
  // .NET
  {
    danger: 'scripts',
    files: names(`
      directory.build.props directory.build.targets directory.build.rsp msbuild.rsp nuget.config global.json packages.config
      paket.dependencies build.cake
    `),
    pattern: /\.(?:[a-z]*proj|props|targets|tt)$/,
  },
  // Ruby, PHP, Perl, R
  {
    danger: 'scripts',
    anywhere: ['.bundle'],
    files: names(`
      gemfile gemfile.lock gems.rb gems.locked .rspec .irbrc .pryrc guardfile capfile podfile fastfile brewfile dangerfile
      berksfile thorfile config.ru
      composer.json composer.lock artisan rector.php castor.php robofile.php ecs.php cpanfile dist.ini
    `),
    pattern:
      /\.(?:gemspec|podspec|rake)$|^(?:phpunit|psalm)\.xml(?:\.dist)?$|^phpstan(?:\.dist)?\.neon(?:\.dist)?$|^phpunit\.dist\.xml$/,
    path: /(?:^|\/)renv\/activate\.r$/,
  },
  // Elixir, Erlang, OCaml, Haskell, Swift
  {
    danger: 'scripts',
    files: names(`
      mix.exs mix.lock rebar.config rebar.config.script rebar.lock dune dune-project dune-workspace
      stack.yaml cabal.project cabal.project.local cabal.project.freeze setup.hs setup.lhs package.swift package.resolved
    `),
    pattern: /\.(?:opam|cabal)$/,
    path: /(?:^|\/)config\/[^/]+\.exs$/,
  },
];
