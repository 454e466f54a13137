package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
)

// TestDoctorOnTheDemoBackends pins the whole report of each backend of the sample
// fleet, read over the wire. STATEWARD_UPDATE=1 writes the reports; look at them.
func TestDoctorOnTheDemoBackends(t *testing.T) {
	now := time.Date(2026, 11, 21, 19, 11, 7, 0, time.UTC)
	w := newWorld(t)
	server := w.serveSample(emulator.Options{Seed: 7, Clock: func() time.Time { return now }, EnforceRegion: true})
	if err := sample.Restrict(server); err != nil {
		t.Fatal(err)
	}
	for _, bucket := range []string{"acme-tfstate-prod", sample.StaleBucket, sample.LiveBucket, sample.OverwrittenBucket, "acme-legacy-state"} {
		t.Run(bucket, func(t *testing.T) {
			got := w.run("doctor", "s3://"+bucket, "-o", "markdown")
			if got.code != 0 {
				t.Fatalf("exit %d: %s", got.code, got.stderr)
			}
			report(t, filepath.Join("testdata", "doctor", bucket+".md"), got.stdout)
		})
	}
}

// report compares a report with the one that is kept.
func report(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("STATEWARD_UPDATE") == "1" {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; STATEWARD_UPDATE=1 writes it", err)
	}
	if string(want) != got {
		t.Errorf("%s differs; look at it, then run with STATEWARD_UPDATE=1. Now:\n%s", file, got)
	}
}
