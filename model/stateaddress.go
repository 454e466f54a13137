package model

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
)

// The modes of a resource.
const (
	ModeManaged = "managed"
	ModeData    = "data"
)

// ResourceAddress is the address of a resource as terraform prints it, without
// an instance's key: module.m["blue"].data.aws_ami.x. module is "" in the root.
func ResourceAddress(module, mode, typ, name string) string {
	var b strings.Builder
	b.Grow(len(module) + len(typ) + len(name) + len(".data.."))
	if module != "" {
		b.WriteString(module + ".")
	}
	if mode == ModeData {
		b.WriteString("data.")
	}
	b.WriteString(typ + "." + name)
	return b.String()
}

// QuoteKey is a for_each key as terraform prints it in an address: a string of
// the HCL language, where "${" and "%{" would start a template and are doubled.
func QuoteKey(key string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range key {
		switch {
		case (r == '$' || r == '%') && strings.HasPrefix(key[i+1:], "{"):
			b.WriteRune(r)
			b.WriteRune(r)
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteString(printedRune(r))
		}
	}
	b.WriteByte('"')
	return b.String()
}

func printedRune(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case unicode.IsPrint(r):
		return string(r)
	case r <= math.MaxUint16:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// printedKey is an index_key as it stands in an address: "" without one, [0]
// for count, ["a"] for for_each. Terraform reads every number as a float and
// cuts its fraction off.
func printedKey(raw jsontext.Value, at int64) (string, error) {
	switch raw.Kind() {
	case jsontext.KindInvalid, 'n':
		return "", nil
	case '"':
		return "[" + QuoteKey(string(unquoted(raw))) + "]", nil
	case '0':
		f, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || math.Abs(f) >= 1<<53 {
			return "", stateErrorf(at, "index_key is a number too large for an index")
		}
		return "[" + strconv.FormatInt(int64(f), 10) + "]", nil
	default:
		return "", stateErrorf(at, "index_key is %s, expected a string or a whole number", kindName(raw.Kind()))
	}
}
