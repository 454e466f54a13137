package model

import (
	"strings"
	"testing"
)

// attributeDiff is what told says of two sets of attributes of one resource.
func attributeDiff(t *testing.T, old, new string) string {
	t.Helper()
	d := compared(t, stateOf(1, resourceOf("a.x", instanceOf(old))), stateOf(1, resourceOf("a.x", instanceOf(new))))
	return toldDiff(t, d)
}

func TestDiffByAttribute(t *testing.T) {
	cases := map[string]struct{ old, new, want string }{
		"scalars by path": {`"a":{"b":[{"c":1},{"c":true}]},"n":null`, `"a":{"b":[{"c":2},{"c":false}]},"n":""`, `
				~ a.x
				  ~ a.b[0].c 1 => 2
				  ~ a.b[1].c true => false
				  + n ""`},
		"a key that is no name is quoted": {`"tags":{"kubernetes.io/name":"x","a-b":"1","0":"2"}`, `"tags":{"kubernetes.io/name":"y","a-b":"2","0":"3"}`, `
				~ a.x
				  ~ tags["0"] "2" => "3"
				  ~ tags.a-b "1" => "2"
				  ~ tags["kubernetes.io/name"] "x" => "y"`},
		"numbers are equal by value and nothing else": {`"a":1,"b":100,"c":0.1,"d":12345678901234567890,"e":1e400000`, `"a":1.0,"b":1e2,"c":0.10,"d":12345678901234567891,"e":2e400000`, `
				~ a.x
				  ~ d 12345678901234567890 => 12345678901234567891
				  ~ e 1e400000 => 2e400000`},
		"another order of members is no change": {`"id":"1","a":1,"b":{"c":1,"d":2}`, `"b":{"d":2,"c":1},"a":1,"id":"1"`, `
				· a.x
				  meta attributes:  => (the same values, written in another way)`},
		"strings are equal by meaning": {`"s":"\u003ca\u003e"`, `"s":"<a>"`, ""},
		"an element put in front is one change": {`"l":["a","b","c","d"]`, `"l":["z","a","b","d","e"]`, `
				~ a.x
				  + l[0] "z"
				  - l[2] "c"
				  + l[4] "e"`},
		"blocks of a list are compared with those they stand for": {
			`"r":[{"from":80,"to":80},{"from":443,"to":443}]`, `"r":[{"from":22,"to":22},{"from":80,"to":80},{"from":443,"to":8443}]`, `
				~ a.x
				  + r[0].from 22
				  + r[0].to 22
				  ~ r[2].to 443 => 8443`},
		"a null has its place in a list": {`"l":[null,1]`, `"l":[2,1]`, `
				~ a.x
				  ~ l[0] null => 2`},
		"an element without any value is still one": {`"l":[]`, `"l":[{"a":null}]`, `
				~ a.x
				  + l[0] {"a": null}`},
		"empty is not absent": {`"l":[],"m":{},"s":""`, `"l":null,"m":null`, `
				~ a.x
				  - l []
				  - m {}
				  - s ""`},
		"another kind of value": {`"a":"1","b":[1],"c":{"d":1}`, `"a":1,"b":{"0":1},"c":["d"]`, `
				~ a.x
				  ~ a "1" => 1
				  ~ b [1] => {"0": 1}
				  ~ c {"d": 1} => ["d"]`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) { sameLines(t, attributeDiff(t, tc.old, tc.new), tc.want) })
	}
}

func TestDiffOfTexts(t *testing.T) {
	long := strings.Repeat("x", 90)
	cases := map[string]struct{ old, new, want string }{
		"text of several lines": {`"s":"a\nb\nc\n"`, `"s":"a\nB\nc\n"`, `
				~ a.x
				  ~ s "a\nb\nc\n" => "a\nB\nc\n"
				    @@ -1,3 +1,3 @@
				     a
				    -b
				    +B
				     c`},
		"embedded JSON by its members": {`"p":"{\"a\":[1,2],\"b\":\"x\"}"`, `"p":"{ \"a\": [1, 3], \"b\": \"x\" }"`, `
				~ a.x
				  ~ p "{\"a\":[1,2],\"b\":\"x\"}" => "{ \"a\": [1, 3], \"b\": \"x\" }"
				    @@ -1,7 +1,7 @@
				     {
				       "a": [
				         1,
				    -    2
				    +    3
				       ],
				       "b": "x"
				     }`},
		"embedded JSON laid out anew": {`"p":"{\"a\":[1,2]}"`, `"p":"{ \"a\": [1, 2] }"`, `
				~ a.x
				  ~ p "{\"a\":[1,2]}" => "{ \"a\": [1, 2] }" (the same JSON, written in another way)`},
		"a last line break": {`"s":"a\nb"`, `"s":"a\nb\n"`, `
				~ a.x
				  ~ s "a\nb" => "a\nb\n" (ends with a line break now)
				    @@ -1,2 +1,2 @@
				     a
				    -b
				    +b`},
		"a long line": {`"s":"` + long + `"`, `"s":"` + long + `y"`, `
				~ a.x
				  ~ s "` + long + `" => "` + long + `y"
				    @@ -1 +1 @@
				    -` + long + `
				    +` + long + `y`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) { sameLines(t, attributeDiff(t, tc.old, tc.new), tc.want) })
	}
}

const markedPassword = `"sensitive_attributes":[[{"type":"get_attr","value":"input"},{"type":"get_attr","value":"key"}]]`

// marked is an instance whose input.key is marked as sensitive.
func marked(attributes string) string {
	return strings.Replace(instanceOf(attributes), `"sensitive_attributes":[]`, markedPassword, 1)
}

func TestDiffShowsNoSecret(t *testing.T) {
	plain := func(a string) string { return stateOf(1, resourceOf("a.x", instanceOf(a))) }
	secret := func(a string) string { return stateOf(1, resourceOf("a.x", marked(a))) }
	cases := map[string]struct{ old, new, want string }{
		"marked in both": {secret(`"input":{"key":"hunter2-old"}`), secret(`"input":{"key":"hunter2-new"}`), `
				~ a.x
				  ~ input.key (sensitive, changed)`},
		"marked in the newer one only, and short": {plain(`"input":{"key":"abc"}`), secret(`"input":{"key":"abd"}`), `
				~ a.x
				  meta sensitive_attributes:  => input.key
				  ~ input.key (sensitive, changed)`},
		"marked in the older one only, and a number": {secret(`"input":{"key":123}`), plain(`"input":{"key":124}`), `
				~ a.x
				  meta sensitive_attributes: input.key => 
				  ~ input.key (sensitive, changed)`},
		"come and gone": {secret(`"input":{"key":"hunter2-old"},"password":null`), secret(`"password":"hunter2-new"`), `
				~ a.x
				  - input.key (sensitive)
				  + password (sensitive)`},
		"inside a longer string, where nothing else differs": {
			secret(`"input":{"key":"hunter2-old"},"url":"db://u:hunter2-old@h"`), secret(`"input":{"key":"hunter2-new"},"url":"db://u:hunter2-new@h"`), `
				~ a.x
				  ~ input.key (sensitive, changed)
				  ~ url (sensitive, changed)`},
		"inside a longer string, where more differs": {
			secret(`"input":{"key":"hunter2-old"},"url":"db://u:hunter2-old@h"`), secret(`"input":{"key":"hunter2-new"},"url":"db://u:hunter2-new@g"`), `
				~ a.x
				  ~ input.key (sensitive, changed)
				  ~ url "db://u:(sensitive)@h" => "db://u:(sensitive)@g"`},
		"in embedded JSON, by value with escapes and by the name of a member": {
			secret(`"input":{"key":"hun\"ter-2"},"env":"{\"A\":\"hun\\\"ter-2\",\"db_password\":\"abc\",\"n\":1}"`),
			secret(`"input":{"key":"hun\"ter-2"},"env":"{\"A\":\"hun\\\"ter-2\",\"db_password\":\"abd\",\"n\":2}"`), `
				~ a.x
				  ~ env "{\"A\":\"(sensitive)\",\"db_password\":\"(sensitive)\",\"n\":1}" => "{\"A\":\"(sensitive)\",\"db_password\":\"(sensitive)\",\"n\":2}"
				    @@ -1,5 +1,5 @@
				     {
				       "A": "(sensitive)",
				       "db_password": "(sensitive)",
				    -  "n": 1
				    +  "n": 2
				     }`},
		"in text of several lines": {
			secret(`"input":{"key":"hunter2-old"},"s":"a\nhunter2-old\nb\n"`), secret(`"input":{"key":"hunter2-new"},"s":"a\nhunter2-new\nc\n"`), `
				~ a.x
				  ~ input.key (sensitive, changed)
				  ~ s "a\n(sensitive)\nb\n" => "a\n(sensitive)\nc\n"
				    @@ -1,3 +1,3 @@
				     a
				     (sensitive)
				    -b
				    +c`},
		"as the key of a map": {
			secret(`"input":{"key":"hunter2-old"},"m":{"hunter2-old":1}`), secret(`"input":{"key":"hunter2-old"},"m":{"hunter2-old":2}`), `
				~ a.x
				  ~ m["(sensitive)"] 1 => 2`},
		"in a list whose elements moved": {
			plain(`"password":null,"l":[{"secret_key":"abc"}]`), plain(`"password":null,"l":[{"secret_key":"new"},{"secret_key":"abd"}]`), `
				~ a.x
				  ~ l[0].secret_key (sensitive, changed)
				  + l[1].secret_key (sensitive)`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) { sameLines(t, toldDiff(t, compared(t, tc.old, tc.new)), tc.want) })
	}
}

func TestDiffOfOutputs(t *testing.T) {
	with := func(outputs string) string {
		return strings.Replace(stateOf(1), `"outputs":{}`, `"outputs":{`+outputs+`}`, 1)
	}
	d := compared(t,
		with(`"a":{"value":"x","type":"string"},"b":{"value":[1,2],"type":["tuple",["number","number"]]},"c":{"value":"abc","type":"string","sensitive":true},"d":{"value":1,"type":"number"},"e":{"value":{"x":1,"y":2},"type":"dynamic"},"f":{"value":"s","type":"string"}`),
		with(`"b":{"value":[1,3],"type":["tuple",["number","number"]]},"c":{"value":"abd","type":"string","sensitive":true},"d":{"value":1.0,"type":"dynamic"},"e":{"value":{"y":2,"x":1},"type":"dynamic"},"f":{"value":"s","type":"string","sensitive":true},"g":{"value":"y","type":"string"}`))
	sameLines(t, toldDiff(t, d), `
				- output.a
				  - value "x"
				~ output.b
				  ~ value[1] 2 => 3
				~ output.c
				  ~ value (sensitive, changed)
				~ output.d
				  note its type changed, its value did not
				~ output.f
				  note sensitive now
				+ output.g
				  + value "y"`)
	if d.Summary.Outputs != 6 || !d.Differ() {
		t.Errorf("%+v", d.Summary)
	}
}
