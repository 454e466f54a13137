package model

import (
	"fmt"
	"strings"
	"unicode"
)

// ShellQuote quotes a word for a POSIX shell. A word with characters that are
// not printable is written as $'...', which bash, zsh and ksh read, so that no
// line break ever reaches the clipboard.
func ShellQuote(w string) string {
	plain, printable := w != "", true
	for _, r := range w {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			printable = false
		}
		if !isShellSafe(r) {
			plain = false
		}
	}
	switch {
	case plain:
		return w
	case printable:
		return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return "$'" + ansiC(w) + "'"
}

func isShellSafe(r rune) bool {
	return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-./:=@%+,", r))
}

// ansiC escapes every byte that is not printable ASCII as \xHH.
func ansiC(w string) string {
	var b strings.Builder
	for i := range len(w) {
		switch c := w[i]; {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20 || c > 0x7e:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
