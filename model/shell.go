package model

import (
	"fmt"
	"strings"
	"unicode"
)

// ShellQuote quotes a word for a POSIX shell. A word with characters that are not
// shown as they are is written as "$(printf '...')", with those as octal numbers:
// so no line break and nothing invisible ever reaches a screen or the clipboard,
// and every shell reads it. Only a word that ends with a line break, which $()
// would drop, is written as $'...', which bash, zsh and ksh read and sh may not.
func ShellQuote(w string) string {
	plain, shown := w != "" && w[0] != '=', true // zsh looks for a command behind a leading =
	for _, r := range w {
		plain = plain && isShellSafe(r)
		shown = shown && isShown(r)
	}
	switch {
	case plain:
		return w
	case shown:
		return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	case strings.HasSuffix(w, "\n"):
		return "$'" + escaped(w, `\'`) + "'"
	}
	return `"$(printf '` + strings.ReplaceAll(escaped(w, `\%!`), "'", `'\''`) + `')"`
}

func isShellSafe(r rune) bool {
	return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-./:=@%+,", r))
}

// isShown reports whether every terminal shows a character as itself, whatever
// stands beside it: marks, joined letters and most signs are left out.
func isShown(r rune) bool {
	if r < unicode.MaxASCII {
		return r >= ' '
	}
	hangul := r >= '가' && r <= '힣' // what is not composed is drawn as one with its neighbours
	return hangul || unicode.IsLetter(r) && unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hebrew, unicode.Arabic)
}

// escaped writes every byte that is not printable ASCII, every one of these
// characters and a leading dash as \NNN, as printf and $'...' read it.
func escaped(w, special string) string {
	var b strings.Builder
	for i := range len(w) {
		c := w[i]
		if c < 0x20 || c > 0x7e || strings.IndexByte(special, c) >= 0 || i == 0 && c == '-' {
			fmt.Fprintf(&b, `\%03o`, c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
