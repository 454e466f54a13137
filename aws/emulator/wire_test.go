package emulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestStreamedBodiesAreUnframed(t *testing.T) {
	const streaming = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	for name, c := range map[string]struct {
		hash, body, decoded string // decoded: x-amz-decoded-content-length
		want, sum           string
		bad                 bool
	}{
		"a body without framing":      {hash: "UNSIGNED-PAYLOAD", body: "5\r\nhello\r\n0\r\n\r\n", want: "5\r\nhello\r\n0\r\n\r\n"},
		"one chunk and a trailer":     {hash: streaming, body: "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", decoded: "5", want: "hello", sum: "NhCmhg=="},
		"two signed chunks":           {hash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", body: "3;chunk-signature=00\r\nhel\r\n2;chunk-signature=00\r\nlo\r\n0;chunk-signature=00\r\n\r\n", decoded: "5", want: "hello"},
		"an empty body":               {hash: streaming, body: "0\r\n\r\n", decoded: "0", want: ""},
		"a wrong announced length":    {hash: streaming, body: "5\r\nhello\r\n0\r\n\r\n", decoded: "6", bad: true},
		"a chunk longer than it is":   {hash: streaming, body: "9\r\nhello\r\n0\r\n\r\n", decoded: "9", bad: true},
		"a size that is no number":    {hash: streaming, body: "zz\r\nhello\r\n0\r\n\r\n", bad: true},
		"no last chunk":               {hash: streaming, body: "5\r\nhello\r\n", bad: true},
		"a chunk without its newline": {hash: streaming, body: "5\r\nhello0\r\n\r\n", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"X-Amz-Content-Sha256": {c.hash}, "Content-Encoding": {"aws-chunked,gzip"}}
			if c.decoded != "" {
				h.Set("X-Amz-Decoded-Content-Length", c.decoded)
			}
			got, err := decodeBody(h, []byte(c.body))
			if (err != nil) != c.bad {
				t.Fatalf("error %v", err)
			}
			if string(got) != c.want || h.Get("X-Amz-Checksum-Crc32") != c.sum {
				t.Fatalf("got %q and %q", got, h.Get("X-Amz-Checksum-Crc32"))
			}
		})
	}
}

func TestAStreamedPutIsCheckedAgainstItsTrailer(t *testing.T) {
	s := New(Options{})
	now := s.clock.read()
	s.Do(now, http.MethodPut, "/bucket", nil, nil)
	for sum, want := range map[string]int{"NhCmhg==": 200, "AAAAAA==": 400} {
		h := http.Header{"X-Amz-Content-Sha256": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, "X-Amz-Trailer": {"x-amz-checksum-crc32"}}
		status, body := s.Do(now, http.MethodPut, "/bucket/key", h, []byte("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:"+sum+"\r\n\r\n"))
		if status != want {
			t.Errorf("%s: got %d %s", sum, status, body)
		}
	}
}

func TestChecksumsMatchTheirPublishedValues(t *testing.T) {
	// The check values of the CRC catalogue, and what sha1sum and sha256sum say, for "123456789".
	for a, want := range map[algorithm]string{
		checksumCRC32:  "y/Q5Jg==",
		checksumCRC32C: "4waSgw==",
		checksumCRC64:  "rosUhgp5mIg=",
		checksumSHA1:   "98O8HYCOBHMq32eZZczDTKeuNEE=",
		checksumSHA256: "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
	} {
		if got := a.encode([]byte("123456789")); got != want {
			t.Errorf("%s: got %s, want %s", a, got, want)
		}
	}
}

func TestRanges(t *testing.T) {
	for name, c := range map[string]struct {
		header      string
		size        int
		first, last int
		ok, bad     bool
	}{
		"the front":                 {header: "bytes=0-3", size: 10, first: 0, last: 3, ok: true},
		"past the end":              {header: "bytes=8-99", size: 10, first: 8, last: 9, ok: true},
		"from the middle":           {header: "bytes=4-", size: 10, first: 4, last: 9, ok: true},
		"the tail":                  {header: "bytes=-4", size: 10, first: 6, last: 9, ok: true},
		"a tail longer than all":    {header: "bytes=-40", size: 10, first: 0, last: 9, ok: true},
		"behind the end":            {header: "bytes=10-", size: 10, first: 10, last: 9, bad: true},
		"of an empty object":        {header: "bytes=0-511", size: 0, first: 0, last: -1, bad: true},
		"the tail of an empty":      {header: "bytes=-1", size: 0, first: 0, last: -1, bad: true},
		"nothing":                   {header: "", size: 10},
		"two ranges":                {header: "bytes=0-1,3-4", size: 10},
		"backwards":                 {header: "bytes=4-2", size: 10},
		"another unit":              {header: "lines=1-2", size: 10},
		"a range that is no number": {header: "bytes=a-b", size: 10},
	} {
		t.Run(name, func(t *testing.T) {
			first, last, ok, err := parseRange(c.header, c.size)
			if ok != c.ok || (err != nil) != c.bad || ok && (first != c.first || last != c.last) {
				t.Fatalf("got %d-%d %v %v", first, last, ok, err)
			}
		})
	}
}

func TestVersionIDsAreWellFormed(t *testing.T) {
	ids := newIDSource(0)
	for range 100 {
		if id := ids.versionID(); !wellFormedVersionID(id) {
			t.Fatalf("%q is not", id)
		}
	}
	for _, id := range []string{"", "short", strings.Repeat("x", 31) + "/", strings.Repeat("x", 33)} {
		if wellFormedVersionID(id) {
			t.Errorf("%q is", id)
		}
	}
}

func TestPoliciesAreJudgedPublic(t *testing.T) {
	for policy, want := range map[string]bool{
		`{"Statement":[{"Effect":"Allow","Principal":"*"}]}`:                                                    true,
		`{"Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::1:root","*"]}}]}`:                    true,
		`{"Statement":[{"Effect":"Deny","Principal":"*"}]}`:                                                     false,
		`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"}}]}`:                          false,
		`{"Statement":[{"Effect":"Allow","Principal":"*","Condition":{"StringEquals":{"aws:SourceVpc":"v"}}}]}`: false,
	} {
		p, err := readPolicy([]byte(policy))
		if err != nil || p.public() != want {
			t.Errorf("%s: got %v, %v", policy, p.public(), err)
		}
	}
}

func TestUpdateExpressions(t *testing.T) {
	for name, c := range map[string]struct{ expression, want string }{
		"set":                      {"SET a = :n", `{"a":{"N":"2"},"l":{"L":[{"N":"1"}]},"m":{"M":{"k":{"S":"v"}}},"s":{"SS":["x","y"]}}`},
		"sum":                      {"SET a = a + :n", `{"a":{"N":"3.5"},"l":{"L":[{"N":"1"}]},"m":{"M":{"k":{"S":"v"}}},"s":{"SS":["x","y"]}}`},
		"into a map":               {"SET m.j = :n", `{"a":{"N":"1.5"},"l":{"L":[{"N":"1"}]},"m":{"M":{"j":{"N":"2"},"k":{"S":"v"}}},"s":{"SS":["x","y"]}}`},
		"behind a list":            {"SET l[9] = :n", `{"a":{"N":"1.5"},"l":{"L":[{"N":"1"},{"N":"2"}]},"m":{"M":{"k":{"S":"v"}}},"s":{"SS":["x","y"]}}`},
		"from a list":              {"REMOVE l[0], m.k", `{"a":{"N":"1.5"},"l":{"L":[]},"m":{"M":{}},"s":{"SS":["x","y"]}}`},
		"add to a set":             {"ADD s :s", `{"a":{"N":"1.5"},"l":{"L":[{"N":"1"}]},"m":{"M":{"k":{"S":"v"}}},"s":{"SS":["x","y","z"]}}`},
		"delete from a set":        {"DELETE s :s", `{"a":{"N":"1.5"},"l":{"L":[{"N":"1"}]},"m":{"M":{"k":{"S":"v"}}},"s":{"SS":["x"]}}`},
		"append":                   {"SET l = list_append(l, l)", `{"a":{"N":"1.5"},"l":{"L":[{"N":"1"},{"N":"1"}]},"m":{"M":{"k":{"S":"v"}}},"s":{"SS":["x","y"]}}`},
		"a difference":             {"SET a = a - :n", `{"a":{"N":"-0.5"},"l":{"L":[{"N":"1"}]},"m":{"M":{"k":{"S":"v"}}},"s":{"SS":["x","y"]}}`},
		"an unknown section":       {"PUT a = :n", ""},
		"a section twice":          {"SET a = :n SET b = :n", ""},
		"a missing attribute":      {"SET a = nope", ""},
		"a sum with a string":      {"SET a = m.k + :n", ""},
		"a path through a string":  {"SET m.k.j = :n", ""},
		"an unfinished assignment": {"SET a =", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var old item
			before := `{"a":{"N":"1.5"},"l":{"L":[{"N":"1"}]},"m":{"M":{"k":{"S":"v"}}},"s":{"SS":["x","y"]}}`
			if err := json.Unmarshal([]byte(before), &old); err != nil {
				t.Fatal(err)
			}
			p := newPlaceholders(nil, map[string]attr{":n": {kind: "N", text: "2"}, ":s": {kind: "SS", list: []attr{{kind: "S", text: "y"}, {kind: "S", text: "z"}}}})
			got := ""
			u, err := p.update(&c.expression)
			var next item
			if err == nil {
				next, err = u.apply(old)
			}
			if err == nil {
				got = mustJSON(t, next)
			}
			if got != c.want {
				t.Fatalf("got %s, %v", got, err)
			}
			if again := mustJSON(t, old); again != before {
				t.Fatalf("the old item changed to %s", again)
			}
		})
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
