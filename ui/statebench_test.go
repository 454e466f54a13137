package ui

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/stateward/stateward/model"
)

// hugeState has n resources in about size bytes, each with a secret of its own.
func hugeState(n, size int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"version":4,"terraform_version":"1.11.4","serial":41,"lineage":"5b016d96","outputs":{},"resources":[`)
	filler := bytes.Repeat([]byte("x"), max(0, size/n-300))
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"module":"module.zone[\"z%d\"]","mode":"managed","type":"aws_db_instance","name":"db_%06d","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"schema_version":2,"attributes":{"id":"Z1_%d","password":"value-%08d","text":%q},"sensitive_attributes":[]}]}`, i/400, i, i, i, filler)
	}
	b.WriteString("],\"check_results\":null}\n")
	return b.Bytes()
}

// hugeSession is at a tab of a state of 100 MB and 100,000 resources.
func hugeSession(b *testing.B, keys ...string) *session {
	b.Helper()
	f := sampleFleet()
	doc, err := model.ReadDocument("v", hugeState(100_000, 100<<20))
	if err != nil {
		b.Fatal(err)
	}
	f.doc = &doc
	s := bare(&testing.T{}, f)
	s.resize(120, 40)
	s.do(s.app.Init())
	s.warehouse().press(keys...)
	return s
}

// BenchmarkStateFrame100MB draws the tabs of a state of 100 MB: only what is on
// the screen is looked at.
func BenchmarkStateFrame100MB(b *testing.B) {
	for name, keys := range map[string][]string{
		"raw, 100,000 elements unfolded": {"shift+tab", "j", "j", "j", "j", "j", "enter", "pgdown", "pgdown"},
		"resources, by module":           {"tab", "pgdown", "enter"},
		"resources, filtered":            {"tab", "/", "d", "b", "_", "0", "9", "enter"},
	} {
		b.Run(name, func(b *testing.B) {
			s := hugeSession(b, keys...)
			b.ReportAllocs()
			for b.Loop() {
				s.app.Update(keyPress("down"))
				if s.app.View().Content == "" {
					b.Fatal("no frame")
				}
			}
		})
	}
}

// BenchmarkSearch100MB looks through 100 MB for what is not there.
func BenchmarkSearch100MB(b *testing.B) {
	doc, err := model.ReadDocument("v", hugeState(100_000, 100<<20))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(doc.Body)))
	b.ReportAllocs()
	for b.Loop() {
		s := &textSearch{doc: &doc, root: doc.Root(), query: "not there", large: map[int64][]model.Node{}}
		if f := s.run(context.Background(), s.root.Start, true); f.ok {
			b.Fatal("found")
		}
	}
}
