import { names, type PathRule } from './pathRule';

/** What editors, their language servers and coding agents obey when a folder or a file is opened. */
export const EDITOR_RULES: readonly PathRule[] = [
  {
    danger: 'editor',
    anywhere: names(
      '.vscode .vscode-server .vscode-test .idea .fleet .zed .cursor .windsurf .vs .kiro .sublime',
    ),
    files: names(`
      .editorconfig .dir-locals.el .projectile .ycm_extra_conf.py .netrc launchsettings.json
      .vimrc _vimrc .gvimrc _gvimrc .exrc _exrc .nvimrc .nvim.lua .lvimrc session.vim
      .clangd .ccls compile_flags.txt rust-project.json rust-analyzer.toml omnisharp.json hie.yaml analysis_options.yaml
    `),
    pattern:
      /\.(?:code-workspace|code-profile|sublime-project|sublime-workspace|iml|ipr|iws|suo|sln|slnx|vcxproj\.user|csproj\.user|xcscheme)$/,
  },
  // Agents: what they are told, and the programs (MCP servers) that they start.
  {
    danger: 'editor',
    files: names(`
      .cursorrules .mcp.json mcp.json mcp_config.json mcp-config.json claude_desktop_config.json
      opencode.json opencode.jsonc crush.json copilot-instructions.md
      claude.md claude.local.md agent.md agents.md agents.override.md gemini.md warp.md crush.md qwen.md skill.md
    `),
  },
];
