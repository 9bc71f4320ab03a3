import { names, type PathRule } from './pathRule';

/** Make and its relatives, C and C++, Bazel, Nix, documents: what runs at a build, or when an editor configures the project. */
export const BUILD_RULES: readonly PathRule[] = [
  {
    danger: 'scripts',
    anywhere: ['.bazelci', 'build-tools'],
    files: names(`
      makefile gnumakefile bsdmakefile makefile.am makefile.in makefile.pl build.pl justfile .justfile rakefile
      configure configure.ac configure.in aclocal.m4 acinclude.m4 autogen.sh
      cmakelists.txt cmakepresets.json cmakeuserpresets.json compile_commands.json
      meson.build meson.options meson_options.txt wscript sconstruct sconscript jamfile jamroot build.ninja xmake.lua
      vcpkg.json conanfile.py conanfile.txt
      build build.bazel workspace workspace.bazel module.bazel .bazelrc buck .buckconfig
      shell.nix default.nix flake.nix flake.lock devenv.yaml devenv.lock devbox.json devbox.lock pkgbuild
      taskfile.yml taskfile.yaml latexmkrc book.toml _config.yml _quarto.yml
    `),
    pattern:
      /\.(?:mk|mak|cmake|bazel|bzl|nix|pbxproj|xcconfig)$|^cmake-(?:kits|variants)\.(?:json|ya?ml)$|^taskfile\.dist\.ya?ml$/,
    path: /(?:^|\/)(?:debian\/rules|tools\/bazel)$/,
  },
];
