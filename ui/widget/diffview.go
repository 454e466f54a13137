package widget

// SignTone is the tone of a line of a diff, by the sign in front of it. The sign
// is always written as well.
func SignTone(sign string) Tone {
	switch sign {
	case "+":
		return Good
	case "-":
		return Bad
	case "~":
		return Warn
	case "→", "@":
		return Accent
	case "·":
		return Dim
	}
	return Plain
}
