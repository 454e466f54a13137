package aws_test

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/stateward/stateward/aws/emulator"
)

// faultKind is one way in which a request fails. S3 answers a status; DynamoDB
// says the same with a code of its own under a 400, but for its 5xx.
type faultKind struct {
	s3, dynamodb emulator.Fault
	hangs        bool // until the client gives up
	spreads      bool // tried also as the first of many: every request after it fails too
}

func everyFault() map[string]faultKind {
	after := func(f emulator.Fault) emulator.Fault { f.AfterEffect = true; return f }
	same := func(f emulator.Fault) faultKind { return faultKind{s3: f, dynamodb: f} }
	answers := func(status int, s3 string, ddbStatus int, ddb string) faultKind {
		return faultKind{s3: emulator.Fault{Status: status, Code: s3}, dynamodb: emulator.Fault{Status: ddbStatus, Code: ddb}}
	}
	kinds := map[string]faultKind{
		"500":                    answers(500, "InternalError", 500, "InternalServerError"),
		"503 SlowDown":           answers(503, "SlowDown", 503, "ServiceUnavailable"),
		"429":                    answers(429, "TooManyRequestsException", 400, "ProvisionedThroughputExceededException"),
		"403":                    answers(403, "AccessDenied", 400, "AccessDeniedException"),
		"409":                    answers(409, "ConditionalRequestConflict", 400, "TransactionConflictException"),
		"412":                    answers(412, "PreconditionFailed", 400, "ConditionalCheckFailedException"),
		"reset before":           same(emulator.Fault{Reset: true}),
		"reset after the effect": same(emulator.Fault{Reset: true, AfterEffect: true}),
		"truncated body":         same(emulator.Fault{Truncate: true}),
		"wrong checksum":         same(emulator.Fault{CorruptChecksum: true}),
	}
	failed := kinds["500"] // of a proxy, or of the service itself, when the work is done
	kinds["500 after the effect"] = faultKind{s3: after(failed.s3), dynamodb: after(failed.dynamodb)}
	hang := emulator.Fault{Hang: true}
	kinds["timeout before"] = faultKind{s3: hang, dynamodb: hang, hangs: true}
	kinds["timeout after the effect"] = faultKind{s3: after(hang), dynamodb: after(hang), hangs: true}
	page := func(status int) emulator.Fault {
		return emulator.Fault{Status: status, Page: "<!DOCTYPE html><html><body>Sign in</body></html>"}
	}
	kinds["a web page under 200"] = same(page(200))
	kinds["a web page under 200 after the effect"] = same(after(page(200)))
	kinds["a web page under 403"] = same(page(403))
	kinds["a web page under 502 after the effect"] = same(after(page(502)))
	for _, name := range []string{"500", "403", "409", "a web page under 200", "reset after the effect", "timeout after the effect", "wrong checksum"} {
		k := kinds[name]
		k.spreads = true
		kinds[name] = k
	}
	return kinds
}

// fault is the fault of one request; each is a value of its own.
func (k faultKind) fault(r emulator.Request) *emulator.Fault {
	f := k.s3
	if r.Service == "dynamodb" {
		f = k.dynamodb
	}
	return &f
}

// boundary is a request of an operation: what is asked of what, and for the how
// manieth time. Requests that are sent side by side have no order, but names.
type boundary struct {
	request string
	nth     int
}

func (b boundary) String() string { return fmt.Sprintf("%s #%d", b.request, b.nth) }

// requestName is the operation and the object or row that it is about.
func requestName(r emulator.Request) string {
	if r.Service != "dynamodb" {
		return r.Operation + " " + r.Key
	}
	var in struct {
		Key, Item map[string]struct{ S string }
	}
	if err := json.Unmarshal(r.Body, &in); err != nil {
		return r.Operation + " " + err.Error()
	}
	return r.Operation + " " + in.Key["LockID"].S + in.Item["LockID"].S
}

func boundariesOf(log []emulator.Request) []boundary {
	var out []boundary
	seen := map[string]int{}
	for _, r := range log {
		name := requestName(r)
		seen[name]++
		out = append(out, boundary{name, seen[name]})
	}
	return out
}

// span is how long a fault lasts once its boundary is reached.
type span string

const (
	spanOnce     span = "once"
	spanSameFrom span = "from there on"    // for the same request
	spanAllFrom  span = "and all after it" // for every request
)

// injection is one fault at one boundary.
type injection struct {
	at   boundary
	name string
	kind faultKind
	span span

	mu   sync.Mutex
	seen int
	hit  bool
}

func (i *injection) String() string { return fmt.Sprintf("%s, %s, %s", i.at, i.name, i.span) }

// injections are all faults at all boundaries.
func injections(at []boundary) []*injection {
	var all []*injection
	for _, b := range at {
		for name, kind := range everyFault() {
			spans := []span{spanOnce, spanSameFrom}
			if kind.spreads {
				spans = append(spans, spanAllFrom)
			}
			for _, span := range spans {
				all = append(all, &injection{at: b, name: name, kind: kind, span: span})
			}
		}
	}
	return all
}

// reached reports whether the boundary was reached, and starts to count anew.
func (i *injection) reached() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.seen = 0
	return i.hit
}

func (i *injection) hook(r emulator.Request) *emulator.Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	same, first := requestName(r) == i.at.request, false
	if same {
		i.seen++
		first = i.seen == i.at.nth
	}
	i.hit = i.hit || first
	lasts := i.span == spanAllFrom || i.span == spanSameFrom && same
	if first || i.hit && lasts {
		return i.kind.fault(r)
	}
	return nil
}
