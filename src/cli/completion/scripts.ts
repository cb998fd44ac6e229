import type { Shell } from './shells.ts';

/**
 * Completion script of bash. It splits the line itself, at spaces only. Because bash also splits at `=` and `:`, the
 * script returns only the last part of a candidate. Nothing in the line or the candidates is evaluated.
 */
const BASH = `# kioskctl completion for bash: source <(kioskctl completion bash)
_kioskctl() {
  local line=\${COMP_LINE:0:COMP_POINT} reply word prefix=
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:blank:]] ]] && words+=('')
  word=\${words[\${#words[@]} - 1]}
  [[ $word == *[:=]* && $COMP_WORDBREAKS == *:* ]] && prefix=\${word%"\${word##*[:=]}"}
  COMPREPLY=()
  while IFS= read -r reply; do
    reply=\${reply%%$'\\t'*}
    COMPREPLY+=("\${reply#"$prefix"}")
  done < <(kioskctl complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _kioskctl kioskctl
`;

const ZSH = `#compdef kioskctl
# kioskctl completion for zsh: source <(kioskctl completion zsh), or as _kioskctl in a folder of $fpath
_kioskctl() {
  local line tab=$'\\t'
  local -a replies shown
  while IFS= read -r line; do
    replies+=("\${line%%$tab*}")
    shown+=("\${line/$tab/  }")
  done < <(kioskctl complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  if (( $#replies )); then
    compadd -l -d shown -a replies
  else
    _files
  fi
}
if [[ \${funcstack[1]} == _kioskctl ]]; then
  _kioskctl "$@"
else
  compdef _kioskctl kioskctl
fi
`;

const FISH = `# kioskctl completion for fish: kioskctl completion fish | source
function __kioskctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l replies (kioskctl complete -- $words[2..-1] "$current" 2>/dev/null)
    if test (count $replies) -gt 0
        printf '%s\\n' $replies
    else
        __fish_complete_path "$current"
    end
end
complete -c kioskctl -f -a '(__kioskctl_complete)'
`;

/**
 * Completion script of PowerShell 5.1 and 7. The hyphens are quoted, because the script that npm installs as kioskctl would
 * not get them otherwise.
 */
const POWERSHELL = `# kioskctl completion for PowerShell: kioskctl completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName 'kioskctl' -ScriptBlock {
    param($word, $ast, $cursor)
    $words = @($ast.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.StartOffset -lt $cursor } | ForEach-Object { $_.Extent.Text })
    # Before 7.3, PowerShell leaves out an empty argument.
    if ($word -eq '') { $words += if ($PSVersionTable.PSVersion -lt [version]'7.3') { '""' } else { '' } }
    kioskctl complete '--' @words 2>$null | ForEach-Object {
        $value, $about = $_ -split "\`t", 2
        if (-not $about) { $about = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $about)
    }
}
`;

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
  powershell: POWERSHELL,
};

/** Returns the completion script of a shell. It calls `kioskctl complete` at each press of the tab key. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}
