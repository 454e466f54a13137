package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestSpliceSerialReplacesTheDigitsAlone(t *testing.T) {
	cases := map[string]struct {
		body   string
		serial uint64
		want   string
	}{
		"as Terraform writes it":       {"{\n  \"version\": 4,\n  \"serial\": 9,\n  \"lineage\": \"l\"\n}\n", 10, "{\n  \"version\": 4,\n  \"serial\": 10,\n  \"lineage\": \"l\"\n}\n"},
		"as OpenTofu writes it":        {"{\"version\":4,\"serial\":9,\"lineage\":\"l\"}\n", 10, "{\"version\":4,\"serial\":10,\"lineage\":\"l\"}\n"},
		"fewer digits":                 {`{"version":4,"serial":1000,"lineage":"l"}`, 7, `{"version":4,"serial":7,"lineage":"l"}`},
		"to zero":                      {`{"version":4,"serial":1000,"lineage":"l"}`, 0, `{"version":4,"serial":0,"lineage":"l"}`},
		"the largest":                  {`{"version":4,"serial":0,"lineage":"l"}`, math.MaxUint64, `{"version":4,"serial":18446744073709551615,"lineage":"l"}`},
		"the same":                     {`{"version":4,"serial":3,"lineage":"l"}`, 3, `{"version":4,"serial":3,"lineage":"l"}`},
		"after the resources":          {`{"version":4,"resources":[{"serial":9}],"serial":3}`, 4, `{"version":4,"resources":[{"serial":9}],"serial":4}`},
		"serials in attributes stay":   {`{"version":4,"a":{"serial":9,"Serial":9},"serial":3,"b":[{"serial":3}]}`, 4, `{"version":4,"a":{"serial":9,"Serial":9},"serial":4,"b":[{"serial":3}]}`},
		"CRLF and white space stay":    {"\r\n{\r\n\t\"version\"\t: 4 ,\"serial\"\r\n:\t 3 \r\n}\r\n", 12, "\r\n{\r\n\t\"version\"\t: 4 ,\"serial\"\r\n:\t 12 \r\n}\r\n"},
		"unusual escapes stay":         {`{"version":4,"serial":3,"lineage":"\u006c","x":"\/\u003c"}`, 4, `{"version":4,"serial":4,"lineage":"\u006c","x":"\/\u003c"}`},
		"broken UTF-8 stays":           {"{\"version\":4,\"serial\":3,\"x\":\"\xff\"}", 4, "{\"version\":4,\"serial\":4,\"x\":\"\xff\"}"},
		"doubled names elsewhere stay": {`{"version":4,"serial":3,"x":1,"x":2}`, 4, `{"version":4,"serial":4,"x":1,"x":2}`},
		"v3":                           {`{"version":3,"serial":3,"lineage":"l","modules":[]}`, 4, `{"version":3,"serial":4,"lineage":"l","modules":[]}`},
		"v2":                           {`{"version":2,"serial":3,"lineage":"l","modules":[]}`, 4, `{"version":2,"serial":4,"lineage":"l","modules":[]}`},
		"v1":                           {`{"version":1,"serial":3,"modules":[]}`, 4, `{"version":1,"serial":4,"modules":[]}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			body := []byte(c.body)
			got, err := SpliceSerial(body, c.serial)
			if err != nil || string(got) != c.want {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
			if string(body) != c.body {
				t.Error("the given bytes were changed")
			}
		})
	}
}

func TestSpliceSerialRefuses(t *testing.T) {
	cases := map[string]struct {
		body   string
		serial uint64
		kind   error
		want   string
	}{
		"a state that OpenTofu encrypted":     {body: `{"serial":3,"lineage":"l","meta":{"key_provider.pbkdf2.k":"x"},"encrypted_data":"AA","encryption_version":"v0"}`, kind: ErrEncryptedState},
		"a binary state":                      {body: "tfstate\x01", want: "a binary state"},
		"nothing":                             {body: "", want: "the state is empty"},
		"a web page":                          {body: "<html>", want: "not a JSON object"},
		"a byte-order mark":                   {body: "\ufeff{\"version\":4,\"serial\":3}", want: "byte-order mark"},
		"a cut state":                         {body: `{"version":4,"serial":3,"lineage":"l","resources":[`, want: "ends too early"},
		"data after the end":                  {body: `{"version":4,"serial":3}{}`, want: "data after the end"},
		"no serial":                           {body: `{"version":4,"lineage":"l"}`, want: `no "serial"`},
		"null for a serial":                   {body: `{"version":4,"serial":null}`, want: `no "serial"`},
		"no version":                          {body: `{"serial":3,"lineage":"l"}`, want: `no "version"`},
		"a serial twice":                      {body: `{"version":4,"serial":3,"serial":3}`, want: `"serial" is doubled`},
		"a serial in another case":            {body: `{"version":4,"Serial":3}`, want: `"serial" is doubled or oddly spelled`},
		"a second serial in another case":     {body: `{"version":4,"serial":3,"SERIAL":4}`, want: `"serial" is doubled`},
		"a second serial with an escape":      {body: `{"version":4,"serial":3,"seria\u006c":4}`, want: `"serial" is doubled`},
		"a second serial with a long s":       {body: `{"version":4,"serial":3,"ſerial":4}`, want: `"serial" is doubled`},
		"a second serial that is null":        {body: `{"version":4,"serial":3,"serial":null}`, want: `"serial" is doubled`},
		"a second serial as text":             {body: `{"version":4,"serial":3,"serial":"4"}`, want: `"serial" is a string`},
		"a lineage twice":                     {body: `{"version":4,"serial":3,"lineage":"a","Lineage":"b"}`, want: `"lineage" is doubled`},
		"a version twice":                     {body: `{"version":4,"serial":3,"version":4}`, want: `"version" is doubled`},
		"a fraction":                          {body: `{"version":4,"serial":3.0}`, want: "not a whole one"},
		"an exponent":                         {body: `{"version":4,"serial":3e0}`, want: "not a whole one"},
		"a negative serial":                   {body: `{"version":4,"serial":-3}`, want: "not a whole one"},
		"a minus zero":                        {body: `{"version":4,"serial":-0}`, want: "not a whole one"},
		"a serial as text":                    {body: `{"version":4,"serial":"3"}`, want: "is a string"},
		"a serial as an object":               {body: `{"version":4,"serial":{}}`, want: "is an object"},
		"a serial beyond 64 bits":             {body: `{"version":4,"serial":99999999999999999999}`, want: "not a whole one"},
		"a new serial too large for v3":       {body: `{"version":3,"serial":3,"lineage":"l"}`, serial: math.MaxInt64 + 1, want: "more than format v3 can hold"},
		"a fault far behind the serial":       {body: `{"version":4,"serial":3,"resources":[{"a":tru}]}`, want: "not JSON"},
		"a version that is not defined":       {body: `{"version":5,"serial":3}`, want: "version 5 is not known"},
		"a plain state with an encryption":    {body: `{"version":4,"serial":3,"encryption_version":"v0"}`, want: "both a plain state"},
		"zero bytes after the end of a state": {body: "{\"version\":4,\"serial\":3}\x00\x00", want: "data after the end"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			kind := c.kind
			if kind == nil {
				kind = ErrInvalid
			}
			got, err := SpliceSerial([]byte(c.body), c.serial)
			if got != nil || !errors.Is(err, kind) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, %v; want %v and %q", got, err, kind, c.want)
			}
		})
	}
}

func TestSpliceSerialOfTheFixtures(t *testing.T) {
	for name, body := range stateFixtures(t) {
		t.Run(name, func(t *testing.T) {
			out, err := SpliceSerial(body, 4711)
			if strings.Contains(name, "encrypted") {
				if !errors.Is(err, ErrEncryptedState) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkSpliced(t, body, out, 4711)
		})
	}
}

// checkSpliced compares what clients read before and after.
func checkSpliced(t *testing.T, body, out []byte, serial uint64) {
	t.Helper()
	before, after := ReadHeader(body, int64(len(body))), ReadHeader(out, int64(len(out)))
	if after.Serial == nil || *after.Serial != serial {
		t.Fatalf("reads back as %s", facts(after))
	}
	after.Serial = before.Serial
	if !reflect.DeepEqual(before, after) {
		t.Fatalf("the header was %+v and is %+v", before, after)
	}
	checkDigitsAlone(t, body, out)
	if a, b := members(t, body), members(t, out); !reflect.DeepEqual(a, b) {
		t.Fatal("more than the serial differs")
	}
}

// checkDigitsAlone demands that between the longest common start and end there
// is nothing but digits.
func checkDigitsAlone(t *testing.T, a, b []byte) {
	t.Helper()
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	a, b = a[n:], b[n:]
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(bytes.Trim(a, "0123456789")) > 0 || len(bytes.Trim(b, "0123456789")) > 0 {
		t.Fatalf("%q became %q", a, b)
	}
}

func members(t *testing.T, body []byte) map[string]json.RawMessage {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "serial")
	return m
}

func FuzzSpliceSerial(f *testing.F) {
	for _, body := range stateFixtures(f) {
		f.Add(body, uint64(77))
	}
	for _, body := range []string{
		`{"version":4,"serial":3,"lineage":"l"}`, `{"version":3,"serial":3}`, `{"version":4,"serial":3,"serial":4}`,
		`{"version":4,"seria\u006c":3}`, "{\"version\":4,\"x\":\"\xff\",\"serial\":3 }", `{"a":{"serial":1},"serial":22,"version":1}`,
	} {
		f.Add([]byte(body), uint64(1<<63))
	}
	f.Fuzz(func(t *testing.T, body []byte, serial uint64) {
		given := slices.Clone(body)
		out, err := SpliceSerial(body, serial)
		if !bytes.Equal(given, body) {
			t.Fatal("the given bytes were changed")
		}
		if err != nil {
			if out != nil {
				t.Fatal("bytes beside an error")
			}
			return
		}
		checkSpliced(t, body, out, serial)
		if x, err := IndexState(body); err == nil {
			y, err := IndexState(out)
			if err != nil || *y.Serial != serial || x.ResourceCount() != y.ResourceCount() || x.Len() != y.Len() {
				t.Fatalf("the index differs: %v", err)
			}
		}
	})
}

func TestNextSerial(t *testing.T) {
	cases := map[string]struct {
		serials    []uint64
		unreadable int
		want       uint64
		err        error
	}{
		"one more than the largest, wherever it is": {serials: []uint64{5, 9, 7}, want: 10},
		"one more for each that is unknown":         {serials: []uint64{5}, unreadable: 3, want: 9},
		"no version at all":                         {want: 1},
		"none that can be read":                     {unreadable: 2, want: 3},
		"the last one there is":                     {serials: []uint64{math.MaxUint64 - 1}, want: math.MaxUint64},
		"beyond the last one":                       {serials: []uint64{math.MaxUint64}, err: ErrSerialOverflow},
		"beyond the last one by the unknown":        {serials: []uint64{math.MaxUint64 - 2}, unreadable: 2, err: ErrSerialOverflow},
		"the last one by the unknown":               {serials: []uint64{math.MaxUint64 - 3}, unreadable: 2, want: math.MaxUint64},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := NextSerial(c.serials, c.unreadable)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %d, %v; want %d, %v", got, err, c.want, c.err)
			}
		})
	}
	if _, err := NextSerial(nil, -1); err == nil {
		t.Error("fewer than no unreadable versions were accepted")
	}
}
