"""What TAB offers in a shell, without the verbs and the Kubernetes client, whose imports take too long.

One protocol for bash, zsh, fish and kubectl, which is cobra's: a line `VALUE<tab>DESCRIPTION` for each
candidate, then `:DIRECTIVE`. The verbs are in commands.json, which is generated from their options.
https://github.com/spf13/cobra/blob/main/site/content/completions/_index.md
"""
