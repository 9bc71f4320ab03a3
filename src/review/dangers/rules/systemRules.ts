import { names, type PathRule } from './pathRule';

/** What shells, hook managers and the system itself start: at a prompt, a commit, a click. */
export const SYSTEM_RULES: readonly PathRule[] = [
  // Managers of git's hooks
  {
    danger: 'scripts',
    anywhere: ['.husky'],
    files: names(`
      .pre-commit-config.yaml .pre-commit-hooks.yaml .lintstagedrc .overcommit.yml captainhook.json grumphp.yml grumphp.yml.dist
    `),
    pattern: /^\.?lefthook(?:-local)?\.(?:ya?ml|toml|jsonc?)$/,
  },
  // Environments and shells
  {
    danger: 'scripts',
    anywhere: ['.direnv'],
    files: names(`
      .envrc .env .tool-versions .autoenv .in .out .bashrc .zshrc .profile .gdbinit .lldbinit .gdb_history
    `),
    pattern: /^\.?mise(?:\..+)?\.toml$/,
  },
  // Scripts and shortcuts that a desktop starts by their ending
  {
    danger: 'scripts',
    files: ['desktop.ini', 'autorun.inf'],
    pattern:
      /\.(?:ps1|psm1|psd1|bat|cmd|command|desktop|service|timer|socket|lnk|url|scf|inf|reg|hta|wsf|jse|vbs|vbe|scr|sct|library-ms|search-ms|scpt|scptd|terminal|inetloc|fileloc|webloc)$/,
  },
  // Programs and what programs load: these need no executable bit everywhere
  {
    danger: 'executable',
    pattern: /\.(?:exe|com|dll|msi|msix|pif|cpl|msc|ocx|sys|jar|pyd|node|so(?:\.\d+)*|dylib|appimage)$/,
  },
];
