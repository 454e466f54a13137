package aws_test

import (
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	demo "github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/model"
)

func TestZZ(t *testing.T) {
	s := newSite(t, emulator.Options{})
	if err := demo.Seed(s.emulator, time.Now()); err != nil {
		t.Fatal(err)
	}
	c := s.client(func(o *aws.Options) { o.Discover = true })
	var ring model.KeyRing
	start := time.Now()
	for bs, err := range c.Backends(t.Context()) {
		if err != nil {
			t.Error(err)
		}
		for _, b := range bs {
			pages := 0
			for p, err := range c.Keys(t.Context(), b) {
				pages++
				if err != nil {
					t.Error(err)
				}
				ring.Put(b.Bucket, p)
			}
			t.Log(b.Bucket, pages)
		}
	}
	t.Log(time.Since(start), ring.Progress(), ring.Problems())
	for _, k := range ring.Keys(time.Now()) {
		t.Logf("%s %v %v states %d old %d %v %v\n%v\n%v", k.Name(), k.StateWords(time.Now()), k.Rotation, k.UsedBy.Current(), k.UsedBy.Noncurrent, k.UsedBy.Buckets, k.UsedBy.Tables, k.Findings, k.BlastRadius())
	}
	b := model.Backend{Bucket: demo.OverwrittenBucket}
	var last model.StateEncryption
	for e, err := range c.StateEncryption(t.Context(), b, demo.OverwrittenKey) {
		if err != nil {
			t.Error(err)
		} else {
			last = e
		}
	}
	t.Logf("%+v\n%+v", last.LockFile, last.Tables)
	for _, d := range model.EncryptionDrift(last) {
		t.Logf("%+v", d)
	}
	t.Log(s.emulator.Requests()[0])
}
