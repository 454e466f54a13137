package model

import (
	"fmt"
	"strings"
)

// TypeName is the type of an output, as the state holds it in JSON, in the
// words of the configuration: string, list(string), object, tuple of 4. It is
// "" where the state has none.
func TypeName(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	v, err := DecodeValue(raw, Span{End: int64(len(raw))})
	if err != nil {
		return ""
	}
	return v.typeName(0)
}

// deepestType bounds how far a type is spelled out.
const deepestType = 4

func (v *Value) typeName(depth int) string {
	if v.Kind == StringValue {
		return v.Text
	}
	if v.Kind != ListValue || len(v.Items) < 2 || v.Items[0].Kind != StringValue || depth > deepestType {
		return ""
	}
	switch of := v.Items[1]; v.Items[0].Text {
	case "object":
		return "object"
	case "tuple":
		return fmt.Sprintf("tuple of %d", len(of.Items))
	default:
		return strings.TrimSuffix(v.Items[0].Text+"("+of.typeName(depth+1)+")", "()")
	}
}
