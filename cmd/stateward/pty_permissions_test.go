//go:build unix

package main

import (
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
)

func TestWhatIsDeniedIsShownWithItsStatementAndClears(t *testing.T) {
	t.Parallel()
	server, err := emulator.Start(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if err := sample.Seed(server); err != nil {
		t.Fatal(err)
	}
	server.Deny("s3:GetBucketVersioning")
	c := newConsole(t, window{120, 40})
	c.env = []string{"AWS_ENDPOINT_URL=" + server.URL(), "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1"}
	c.start()
	c.sees(`^ Backends .* 5 · (now|\d+ s ago)`, `acme-legacy-state .* \?`, `acme-tfstate-prod .* \?`,
		`acme-tfstate-payments .* \?`, `acme-tfstate-network .* \?`, `acme-tfstate-data .* \?`) // all five are read
	c.press("p")
	c.sees(`^ Backends › Permissions .* 5 · `, `s3:GetBucketVersioning acme-tfstate-prod VERSIONING`,
		`"Action": "s3:GetBucketVersioning"`, `"Resource": "arn:aws:s3:::acme-`)
	server.Allow("s3:GetBucketVersioning")
	c.press("esc")
	c.sees(`^ Backends 5 · `)
	c.press("ctrl+r")
	c.sees(`acme-tfstate-prod .* on$`)
	c.press("p")
	c.sees(`nothing was denied so far \(only what was tried is known\)`)
	c.press("q")
	c.ends(0)
}
