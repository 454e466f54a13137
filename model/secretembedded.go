package model

import "bytes"

// A string of a state may be JSON itself: the container definitions of a task,
// a policy, what jsonencode made. In the text of the state its quotes stand
// escaped, \"password\":\"x\", and that is how its names are found.

// learnEmbedded learns what well-known names hold inside strings that are JSON:
// {"password":"x"}, and {"name":"DB_PASSWORD","value":"x"} as environments have it.
func (s *Secrets) learnEmbedded(body []byte) {
	for i := 0; ; {
		n := bytes.Index(body[i:], []byte(`\":`))
		if n < 0 {
			return
		}
		name := nameBefore(body[:i+n])
		i += n + len(`\":`)
		if isSecretName(name) {
			s.learnValue(body, i)
			continue
		}
		if string(name) != "name" {
			continue
		}
		if text, end, ok := embeddedString(body, i); ok && isSecretName(text) {
			if at := embeddedSibling(body, end); at >= 0 {
				s.learnValue(body, at)
			}
		}
	}
}

// maxSiblings is how many members are looked at for the value that belongs to a
// name: without a bound an object of names alone costs the square of its length.
const maxSiblings = 16

// embeddedSibling is where the value of the member "value" begins that follows
// in the same object; -1 for none. Other members may stand between that have no
// parts, as the type of an environment variable; a few, for each name looks.
func embeddedSibling(body []byte, i int) int {
	for range maxSiblings {
		name, end, ok := embeddedString(body, skipEmbedded(body, i, ','))
		if !ok || end >= len(body) || body[end] != ':' {
			return -1
		}
		at := skipEmbedded(body, end+1, ' ')
		if string(name) == "value" {
			return at
		}
		if _, i, ok = embeddedString(body, at); ok {
			continue
		}
		for i = at; i < len(body) && (isWordByte(body[i]) || isNumeric(body[i]) || body[i] == '.'); i++ {
		}
		if i == at { // a list or an object, or the end
			return -1
		}
	}
	return -1
}

// isWordByte reports the letters of true, false and null, and of exponents.
func isWordByte(c byte) bool { return c >= 'a' && c <= 'z' || c == 'E' || c == '+' }

// learnValue learns the string, the number or the strings of a list that begin
// at i inside a string.
func (s *Secrets) learnValue(body []byte, i int) {
	i = skipEmbedded(body, i, ' ')
	if i < len(body) && body[i] == '[' {
		for i = skipEmbedded(body, i+1, ','); ; i = skipEmbedded(body, i, ',') {
			text, end, ok := embeddedString(body, i)
			if !ok {
				return
			}
			s.learnInner(text)
			i = end
		}
	}
	if text, _, ok := embeddedString(body, i); ok {
		s.learnInner(text)
		return
	}
	end := i
	for end < len(body) && bytes.IndexByte([]byte("+-.0123456789Ee"), body[end]) >= 0 {
		end++
	}
	s.add(string(body[i:end]))
}

// skipEmbedded is the first offset at or after i that holds neither white space,
// as it is written inside a string, nor the byte between two values.
func skipEmbedded(body []byte, i int, between byte) int {
	for i < len(body) {
		switch {
		case body[i] == ' ' || body[i] == between:
			i++
		case body[i] == '\\' && i+1 < len(body) && bytes.IndexByte([]byte("nrt"), body[i+1]) >= 0:
			i += 2
		default:
			return i
		}
	}
	return i
}

// longestName bounds how far back the beginning of a name is looked for.
const longestName = 128

// nameBefore is what stands between the last escaped quote and the end of text.
func nameBefore(text []byte) []byte {
	near := text[max(0, len(text)-longestName):]
	at := bytes.LastIndex(near, []byte(`\"`))
	if at < 0 {
		return nil
	}
	return near[at+len(`\"`):]
}

// embeddedString is the string that begins at i inside a string, as it is
// written there, and where it ends.
func embeddedString(body []byte, i int) (text []byte, end int, ok bool) {
	i = skipEmbedded(body, i, ' ')
	if !bytes.HasPrefix(body[i:], []byte(`\"`)) {
		return nil, 0, false
	}
	start := i + len(`\"`)
	for at := start; ; {
		n := bytes.IndexByte(body[at:], '"')
		if n < 0 {
			return nil, 0, false
		}
		quote := at + n
		slashes := 0
		for quote-slashes > start && body[quote-slashes-1] == '\\' {
			slashes++
		}
		if slashes == 0 { // the string round it ends: this was no JSON
			return nil, 0, false
		}
		if slashes%4 == 1 { // an escaped quote of the inner string has three more
			return body[start : quote-1], quote + 1, true
		}
		at = quote + 1
	}
}

// learnInner learns a text that was escaped twice.
func (s *Secrets) learnInner(text []byte) {
	inner := unquoted(quotedAgain(text))
	if secret := textOf(quotedAgain(inner)); !bytes.HasPrefix(inner, []byte("arn:")) {
		s.learn(secret)
	}
}

func quotedAgain(text []byte) []byte {
	return append(append([]byte{'"'}, text...), '"')
}
