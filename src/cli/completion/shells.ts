export type Shell = 'bash' | 'zsh' | 'fish' | 'powershell';

export const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish', 'powershell'];

/** Start file of each shell (relative to the home folder), and the line that installs the completion. */
export const INSTALLATION: Readonly<Record<Shell, { file: string; line: string }>> = {
  bash: { file: '.bashrc', line: 'source <(kioskctl completion bash)' },
  zsh: { file: '.zshrc', line: 'source <(kioskctl completion zsh)' },
  fish: { file: '.config/fish/config.fish', line: 'kioskctl completion fish | source' },
  powershell: {
    file: 'Documents/PowerShell/Microsoft.PowerShell_profile.ps1',
    line: 'kioskctl completion powershell | Out-String | Invoke-Expression',
  },
};
